"""Films for a fake camera, made from one real face: Chromium repeats a Motion-JPEG for ever."""

from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter

from tests.pictures import astronaut, encode

SIZE = (640, 480)
# Around the face of the 512 × 512 photograph, of the camera's shape.
FACE = (57, 0, 393, 252)


def good() -> Image.Image:
    """The face is large and in the middle."""
    photograph = astronaut()
    scale = photograph.width / 512
    box = tuple(round(side * scale) for side in FACE)
    return photograph.crop(box).resize(SIZE, Image.Resampling.BICUBIC)  # type: ignore[arg-type]


def dark() -> Image.Image:
    return ImageEnhance.Brightness(good()).enhance(0.25)


def blurred() -> Image.Image:
    return good().filter(ImageFilter.GaussianBlur(6))


def empty() -> Image.Image:
    """A wall with light from one side: nobody is there."""
    return Image.linear_gradient("L").resize(SIZE).rotate(90).convert("RGB")


def far() -> Image.Image:
    """The same face, small, in front of the wall."""
    wall = empty()
    small = good().resize((SIZE[0] // 3, SIZE[1] // 3), Image.Resampling.LANCZOS)
    wall.paste(small, ((SIZE[0] - small.width) // 2, (SIZE[1] - small.height) // 2))
    return wall


def film(path: Path, *pictures: Image.Image, frames_each: int = 5) -> Path:
    """Write a film of `pictures`, each for a while, at Chromium's 30 frames a second."""
    new = path.with_suffix(".new")
    new.write_bytes(b"".join(frame(picture) * frames_each for picture in pictures))
    # A browser that still shows the old one has it mapped into memory: it keeps it.
    return new.rename(path)


def frame(picture: Image.Image) -> bytes:
    return encode(picture, "JPEG", quality=92)
