"""The longer texts of the zoo's routes."""

INFER = """\
The model is loaded first where it is not, and others are evicted where there is no room. That
takes seconds: allow for them, or see `GET /v1/models/{name}/plan` beforehand. The zoo answers
within 30 s; `X-Request-Timeout-Ms` can shorten that.

What a model expects and finds is in `GET /v1/models/{name}`. For pictures the rules of
`/v1/quality` hold."""

ENRICH = """\
The picture is decoded once. The answer is 200 whenever the picture could be read and the
parameters understood: what became of each model stands beside its name, and one that fails does
not spoil the others. The options hold for every model that knows them. For pictures the rules of
`/v1/quality` hold."""

_PICTURE = "curl --data-binary @frame.jpg -H 'Content-Type: image/jpeg'"
_KEY = '-H "Authorization: Bearer $KEY"'

CURL_ENRICH = [f'{_PICTURE} \\\n    "$GATEWAY/v1/enrich?models=yolo11-face,vitpose-small"']
CURL_INFER = [
    f"{_PICTURE} $GATEWAY/v1/models/yolo11-face/infer",
    f"""\
{_PICTURE} \\
    "$GATEWAY/v1/models/yolo-world-s/infer?prompt=red%20car&prompt=ladder&score_threshold=0.1\"""",
]
CURL_MODELS = ["curl $GATEWAY/v1/models"]
CURL_MODEL = ["curl $GATEWAY/v1/models/yolo11-face"]
CURL_PLAN = ["curl $GATEWAY/v1/models/xclip-base/plan"]


def curl_control(action: str) -> list[str]:
    return [f"curl -X POST {_KEY} $GATEWAY/v1/models/yolo11-face/{action}"]
