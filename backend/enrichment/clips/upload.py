"""What has arrived of a clip, on this machine's disk until it is decoded."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClipUpload:
    """What has arrived: one video, or pictures in their order.

    Attributes:
        folder: what the files lie in; for the owner to `remove`.
    """

    folder: Path
    video: Path | None = None
    pictures: tuple[Path, ...] = ()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
