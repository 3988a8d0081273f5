"""Several pictures as the frames of a clip."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend import images
from backend.enrichment.clips.decoding import Progress
from backend.enrichment.clips.protocol import DecodingLimits, megabytes
from backend.enrichment.clips.sampling import check_size
from backend.errors import BadInput, ClipTooLarge, MalformedRequest
from backend.images import EncodedPicture


@dataclass(frozen=True)
class Burst:
    """Pictures whose headers are within the limits; nothing is decoded yet."""

    pictures: tuple[EncodedPicture, ...]

    @property
    def size_bytes(self) -> int:
        return sum(picture.pixels * 3 for picture in self.pictures)


def inspect(files: Sequence[bytes], limits: DecodingLimits) -> Burst:
    """Read the headers of JPEGs, PNGs and WebPs.

    Raises:
        MalformedRequest: no picture, or not all are of one size.
        ClipTooLarge: more bytes, pictures or pixels than a clip may have.
        BadInput: see `images.inspect`; the text says which picture.
    """
    if not files:
        raise MalformedRequest("Send at least one picture.")
    if sum(map(len, files)) > limits.most_file_bytes:
        raise ClipTooLarge(
            f"The pictures have more than {megabytes(limits.most_file_bytes)} together."
        )
    check_size(len(files), 0, limits.sample)
    pictures: list[EncodedPicture] = []
    for number, data in enumerate(files):
        try:
            pictures.append(images.inspect(data, max_pixels=limits.most_frame_pixels))
        except BadInput as error:
            raise _of_picture(number, error) from error
        # Which is width and which height is known once they are upright.
        if pictures[number].pixels != pictures[0].pixels:
            raise _unequal(number)
    check_size(len(pictures), pictures[0].pixels, limits.sample)
    return Burst(tuple(pictures))


def decode(burst: Burst, progress: Progress = lambda done, of: None) -> NDArray[np.uint8]:
    """The pictures as frames.

    Returns:
        uint8 array of shape (pictures, height, width, 3), values 0–255, RGB, upright.

    Raises:
        MalformedRequest: upright, they are not all of one size.
        BadInput: see `images.decode`; the text says which picture.
    """
    count = len(burst.pictures)
    frames: NDArray[np.uint8] | None = None
    for number, picture in enumerate(burst.pictures):
        try:
            pixels = images.decode(picture)
        except BadInput as error:
            raise _of_picture(number, error) from error
        if frames is None:
            frames = np.empty((count, *pixels.shape), np.uint8)
        if pixels.shape != frames.shape[1:]:
            raise _unequal(number)
        frames[number] = pixels
        progress(number + 1, count)
    assert frames is not None
    return frames


def _unequal(number: int) -> MalformedRequest:
    return MalformedRequest(
        f"Picture {number + 1} is of another size than the first: send pictures of one size."
    )


def _of_picture(number: int, error: BadInput) -> BadInput:
    return type(error)(f"Picture {number + 1}: {error}")
