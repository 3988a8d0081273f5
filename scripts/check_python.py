"""Says in one sentence why this Python cannot make the environments. Runs on any Python 3."""

import importlib.util
import sys

problem = None
if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    problem = (
        f"Framegate needs Python 3.11 or 3.12 and this is {sys.version.split()[0]}. "
        "Name another one: make PYTHON=python3.12 …"
    )
elif importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
    problem = (
        "This Python cannot make virtual environments. On Debian: apt-get install python3-venv"
    )
if problem:
    sys.exit(problem)
