"""What a right answer is: the score of the picture that was sent."""

import re
from collections.abc import Callable, Sequence

from benchmarks.http_wire import Response

# Two decoders of JPEG differ by a level or two of 255, and answers are rounded.
TOLERANCE = 0.02
_SCORE = re.compile(rb'"score": ?([0-9.eE+-]+)')


def judge_scores(expected: Sequence[float]) -> Callable[[int, Response], str | None]:
    """A judge of answers, for `load`.

    Args:
        expected: the score of each picture, in the order in which they are sent.
    """

    def judge(picture: int, response: Response) -> str | None:
        if response.status == 200:
            score = read_score(response.body)
            if score is None:
                return "no score"
            return None if abs(score - expected[picture]) <= TOLERANCE else "wrong score"
        if response.status == 503:
            return retry_fault(response)
        return None

    return judge


def read_score(body: bytes) -> float | None:
    found = _SCORE.search(body)
    return float(found[1]) if found else None


def retry_fault(response: Response) -> str | None:
    """What a refusal for overload lacks of what tells a client when to come back."""
    if b"\r\nretry-after:" not in response.head:
        return "no Retry-After"
    if b'"retry_after_ms"' not in response.body:
        return "no retry_after_ms"
    return None
