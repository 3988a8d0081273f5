"""What can stop a measurement.

LifecycleError
├── UsageError      flags that do not go together, a folder that holds no model
├── Missing         a package that this needs is not installed
├── HolderFailed    the process that holds the model refused: the text is its reason
├── HolderLost      that process ended or did not answer in time
└── TritonFailed    Triton did not start, or refused
"""


class LifecycleError(Exception):
    """Its message is a sentence for the person at the terminal."""

    exit_code = 1


class UsageError(LifecycleError):
    exit_code = 2


class Missing(LifecycleError):
    exit_code = 2


class HolderFailed(LifecycleError):
    pass


class HolderLost(LifecycleError):
    pass


class TritonFailed(LifecycleError):
    pass
