"""What can stop a capacity from being planned.

PlanFailed
├── Unreadable      no such file, or not a summary that this version can read
└── CannotSay       the run does not show what is asked
"""


class PlanFailed(Exception):
    """Its message is a sentence for whoever is at the terminal."""

    exit_code = 1


class Unreadable(PlanFailed):
    pass


class CannotSay(PlanFailed):
    # As the load tester's: inconclusive.
    exit_code = 4
