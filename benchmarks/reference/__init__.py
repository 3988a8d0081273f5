"""The kind of gateway this project replaces, rebuilt to be measured beside it."""
