"""What schemathesis sends as a picture, one that the gateway can score, and as a clip."""

import base64
from typing import Any

import schemathesis
from hypothesis import strategies as st

from tests.pictures import astronaut, encode

KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
PICTURES = {
    media_type: st.sampled_from([encode(astronaut((side, side)), kind) for side in (64, 352)])
    for media_type, kind in KINDS.items()
}

# Nobody decodes it: the zoo is not there.
CLIP_KINDS = ("video/mp4", "video/webm", "video/x-motion-jpeg", "application/octet-stream")
for media_type in CLIP_KINDS:
    schemathesis.openapi.media_type(media_type, st.binary(min_size=1, max_size=2000))
for media_type, pictures in PICTURES.items():
    schemathesis.openapi.media_type(media_type, pictures)
schemathesis.openapi.format(
    "byte", st.one_of(*PICTURES.values()).map(lambda picture: base64.b64encode(picture).decode())
)

DEADLINE = "X-Request-Timeout-Ms"


@schemathesis.hook
def before_call(context: object, case: "schemathesis.Case[Any]", kwargs: object) -> None:
    """A deadline of a millisecond is valid, and nobody can keep it: ask for a longer one."""
    asked = str(case.headers.get(DEADLINE, "")) if case.headers else ""
    if asked.isdecimal() and 1 <= int(asked) <= 600_000:
        case.headers[DEADLINE] = "600000"
