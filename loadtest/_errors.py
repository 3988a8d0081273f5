"""What can go wrong in the tool itself, as opposed to in the system under test."""


class LoadtestError(Exception):
    """One sentence for the person who started the run; the exit code is 1."""


EXIT_PASSED = 0
EXIT_TOOL_ERROR = 1
EXIT_USAGE = 2
EXIT_OBJECTIVE_MISSED = 3
EXIT_INCONCLUSIVE = 4
EXIT_SIGNAL_BASE = 128
