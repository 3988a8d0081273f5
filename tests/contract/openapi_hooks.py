"""What schemathesis sends as a picture: one that the gateway can score."""

import base64

import schemathesis
from hypothesis import strategies as st

from tests.pictures import astronaut, encode

KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
PICTURES = {
    media_type: st.sampled_from([encode(astronaut((side, side)), kind) for side in (64, 352)])
    for media_type, kind in KINDS.items()
}

for media_type, pictures in PICTURES.items():
    schemathesis.openapi.media_type(media_type, pictures)
schemathesis.openapi.format(
    "byte", st.one_of(*PICTURES.values()).map(lambda picture: base64.b64encode(picture).decode())
)
