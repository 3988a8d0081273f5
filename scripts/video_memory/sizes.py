"""How large everything is, and what that comes to. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

ITEM_BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
_BOX_BYTES = 4 * 4


@dataclass(frozen=True)
class Sizes:
    """
    Attributes:
        clips: kept at once.
        frames: of each clip.
        width, height: of a frame, in pixels.
        patches: that a frame is cut into for the model.
        detections: of each frame, each of which is one more patch.
        patch_size: width and height of a patch before the model, in pixels.
        micro_batch: frames before the model at once.
        dtype: of pixel values and weights.
        hidden, layers: of the model.
        token_size: width and height of the part of a patch that becomes one token, in pixels.
        rounds: of questions that are timed.
        questions: clips asked about in each of them.
    """

    clips: int = 16
    frames: int = 8
    width: int = 640
    height: int = 384
    patches: int = 6
    detections: int = 5
    patch_size: int = 224
    micro_batch: int = 2
    dtype: str = "float32"
    hidden: int = 384
    layers: int = 12
    token_size: int = 32
    rounds: int = 5
    questions: int = 3

    @property
    def tiles(self) -> int:
        """Patches of one frame, those of detections among them."""
        return self.patches + self.detections

    @property
    def micro_batches(self) -> int:
        """Of one clip."""
        return math.ceil(self.frames / self.micro_batch)

    @property
    def frames_bytes(self) -> int:
        """Of one clip, as host memory keeps it: uint8 RGB."""
        return self.frames * self.height * self.width * 3

    @property
    def boxes_bytes(self) -> int:
        """Of one clip's detections."""
        return self.frames * self.detections * _BOX_BYTES

    @property
    def pixels_bytes(self) -> int:
        """Of one clip's pixel values, as the device keeps them."""
        return self.frames * self.frame_pixels_bytes

    @property
    def frame_pixels_bytes(self) -> int:
        """Of one frame's pixel values."""
        return self.tiles * 3 * self.patch_size**2 * ITEM_BYTES[self.dtype]

    @property
    def in_flight_bytes(self) -> int:
        """Pixel values of one micro-batch."""
        return min(self.micro_batch, self.frames) * self.frame_pixels_bytes

    @property
    def counts(self) -> tuple[int, ...]:
        """Numbers of clips to measure at, such as 2, 4, 8, 16: each twice the one before."""
        return tuple(sorted({max(1, self.clips // part) for part in (8, 4, 2, 1)}))

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows of patches, in the shape that is nearest to a frame's."""
        shapes = [
            (self.patches // rows, rows)
            for rows in range(1, self.patches + 1)
            if self.patches % rows == 0
        ]
        wanted = math.log(self.width / self.height)
        return min(shapes, key=lambda shape: abs(math.log(shape[0] / shape[1]) - wanted))

    def host_bytes_needed(self, *, standing_for_device: bool) -> int:
        """About how much host memory a run takes beside the programs themselves."""
        kept = self.clips * (self.frames_bytes + self.boxes_bytes)
        return kept + (self.clips * self.pixels_bytes if standing_for_device else 0)


PRESETS: Mapping[str, Sizes] = {
    "small": Sizes(),
    # 8 frames of 6 and 5 patches of 448 × 448 in bfloat16 are 101 MB a video, and the 23 GB that
    # the original saved are some 240 videos. Weights of 8 thousand million parameters; a token
    # for each 28 × 28 pixels, as the language model is given.
    "seed": Sizes(
        clips=240,
        width=1280,
        height=720,
        patch_size=448,
        micro_batch=8,
        dtype="bfloat16",
        hidden=4096,
        layers=40,
        token_size=28,
        questions=16,
    ),
}
