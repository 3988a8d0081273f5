"""What answers HTTP."""

__version__ = "0.1.0"
