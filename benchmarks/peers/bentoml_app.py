"""BentoML, with a picture uploaded as a file."""

import bentoml
from PIL import Image

from benchmarks.peers.work import scorer


@bentoml.service(workers=2, logging={"access": {"enabled": False}})
class Quality:
    def __init__(self) -> None:
        self.work = scorer()

    @bentoml.api  # type: ignore[untyped-decorator]
    def quality(self, image: Image.Image) -> dict[str, float]:
        return {"score": self.work(image)}
