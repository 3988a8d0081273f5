"""The colours of this report, beside those it shares with the monitor."""

import os
from typing import TextIO

from monitor.output import colour

LEVEL_CODES = {**colour.LEVEL_CODES, "inconclusive": "36"}
OUTCOME_CODES = {"passed": "1;32", "missed": "1;31"}
BOLD = "1"


def colour_wanted(stream: TextIO) -> bool:
    return colour.wanted(None, os.environ, stream.isatty())
