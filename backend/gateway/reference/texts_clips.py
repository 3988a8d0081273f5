"""The longer texts of the routes of clips."""

from backend.gateway.clips import LATER
from backend.gateway.zoo_client import CLIP_ANSWER_S

_LATER = f"""\
What is not done within {CLIP_ANSWER_S:g} s, or within `X-Request-Timeout-Ms`, is answered with 202
and a job, and at once with `Prefer: {LATER}`. It goes on though the connection closes: ask for
the job every half second or so, until its state is `done`, `failed` or `cancelled`."""

UPLOAD = f"""\
MP4, WebM and MJPEG are told by their first bytes. The frames wanted are decoded and kept in the
host's memory, for the caller alone: for a time unused, and only while there is room. Nothing is
kept of an upload that is refused or breaks off. `Content-Length` is needed.

{_LATER}"""

BEST_SHOT = f"""\
Every frame is scored, and the best are chosen that are not neighbours. The same question again is
answered from what was kept with the clip.

{_LATER}"""

INFER = f"""\
Any model of the zoo is asked about frame after frame; an action model gets all the frames named as
one window, gives one answer and takes no detector. The options are those of
`/v1/models/{{name}}/infer`. The same question again is answered from what was kept with the clip.

{_LATER}"""

_CLIP = "$GATEWAY/v1/clips/$CLIP"

CURL_UPLOAD = [
    "curl -X POST -T door.mp4 -H 'Content-Type: video/mp4' \"$GATEWAY/v1/clips?fps=2\"",
    'curl -F image=@1.jpg -F image=@2.jpg -F image=@3.jpg "$GATEWAY/v1/clips?fps=5"',
]
CURL_LIST = ["curl $GATEWAY/v1/clips"]
CURL_CLIP = [f"curl {_CLIP}"]
CURL_DELETE = [f"curl -X DELETE {_CLIP}"]
CURL_FRAME = [f'curl -o 12.jpg "{_CLIP}/frames/12.jpg?width=320"']
CURL_BEST_SHOT = [f'curl -X POST "{_CLIP}/best-shot?top=3&distance_s=1&face=auto"']
CURL_INFER = [
    f'curl -X POST "{_CLIP}/infer?model=yolo11-face&frames=0,4,8-12"',
    f"""\
curl -X POST -H 'Prefer: {LATER}' \\
    "{_CLIP}/infer?model=vitpose-small&detector=yolo11-face&max_detections=3\"""",
]
CURL_JOB = ["curl $GATEWAY/v1/jobs/$JOB"]
CURL_CANCEL = ["curl -X DELETE $GATEWAY/v1/jobs/$JOB"]
