"""The model zoo's routes: checked and limited here, answered by the zoo's own process."""

import re

from flask import Blueprint, Response, request

from backend.errors import MalformedRequest, UnknownModel, UnsupportedPicture
from backend.gateway import relay
from backend.gateway.zoo_client import ZooClient
from backend.images import MEDIA_TYPES
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id
from backend.web.slots import Slots
from backend.web.uploads import BodyBudget, Upload, read_upload

# Loading a large model takes seconds, and it may have to wait for room.
DEADLINE_S = 30.0
# As the catalogue names models.
NAME_PATTERN = "[a-z0-9][a-z0-9.-]{0,63}"
ACTIONS = ("load", "unload", "pin", "unpin")


def blueprint(
    client: ZooClient, budget: BodyBudget, *, body_timeout_s: float, max_in_flight: int
) -> Blueprint:
    """
    Args:
        max_in_flight: requests with a picture at once, and as many without.
    """
    routes = Blueprint("zoo", __name__)
    pictures = Slots(
        max_in_flight, "The gateway waits for the zoo with as many pictures as it may: try again."
    )
    others = Slots(
        max_in_flight, "The gateway waits for the zoo with as many requests as it may: try again."
    )

    def send_picture(path: str) -> Response:
        query = relay.read_query()
        deadline_s = relay.deadline_s(DEADLINE_S)
        pictures.check_room()
        with budget.room_for(request):
            upload = read_upload(request, timeout_s=body_timeout_s, deadline_s=deadline_s)
            _check_media_type(upload)
            with pictures:
                answer = client.ask(
                    "POST", f"{path}{query}", upload, request_id=request_id(), deadline_s=deadline_s
                )
        return relay.pass_on(answer)

    def read(path: str) -> Response:
        with others:
            answer = client.ask(
                "GET", path, request_id=request_id(), deadline_s=relay.deadline_s(DEADLINE_S)
            )
        return relay.pass_on(answer)

    @routes.post("/v1/enrich")
    @needs(Scope.INFER)
    def enrich() -> Response:
        if not request.args.get("models"):
            raise MalformedRequest("The query needs models: ?models=yolo11-face,vitpose-small.")
        return send_picture("/v1/enrich")

    @routes.post("/v1/models/<name>/infer")
    @needs(Scope.INFER)
    def infer(name: str) -> Response:
        return send_picture(f"/v1/models/{_known_form(name)}/infer")

    @routes.get("/v1/models")
    @needs(Scope.INFER)
    def models() -> Response:
        return read("/v1/models")

    @routes.get("/v1/models/<name>")
    @needs(Scope.INFER)
    def model(name: str) -> Response:
        return read(f"/v1/models/{_known_form(name)}")

    @routes.get("/v1/models/<name>/plan")
    @needs(Scope.INFER)
    def plan(name: str) -> Response:
        return read(f"/v1/models/{_known_form(name)}/plan")

    @needs(Scope.ADMIN)
    def control(name: str, action: str) -> Response:
        with others:
            answer = client.ask(
                "POST",
                f"/v1/models/{_known_form(name)}/{action}",
                request_id=request_id(),
                deadline_s=relay.deadline_s(DEADLINE_S),
            )
        return relay.pass_on(answer)

    for action in ACTIONS:
        rule = routes.post(
            f"/v1/models/<name>/{action}", endpoint=action, defaults={"action": action}
        )
        rule(control)
    return routes


def _known_form(name: str) -> str:
    """The name, which goes into a request line; UnknownModel where no model can have it."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise UnknownModel("There is no such model: GET /v1/models has the names.")
    return name


def _check_media_type(upload: Upload) -> None:
    # It becomes a header, and forms and data URLs can hold any text.
    if upload.media_type is not None and upload.media_type not in MEDIA_TYPES:
        raise UnsupportedPicture(
            f"The request says {upload.media_type[:40]!r}: send a JPEG, PNG or WebP."
        )
