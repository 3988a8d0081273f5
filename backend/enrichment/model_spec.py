"""One row of the catalogue: what is known of a model before it is loaded."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from backend.enrichment.zoo.states import Priority

# Triton's names. dims leave the batch axis out; -1 is as many as there are prompts, frames, pixels.
DataType = Literal["FP32", "UINT8", "INT64", "BYTES"]
Dims = tuple[int, ...]
# Beside the picture, what a model that takes text is sent.
PROMPTS_INPUT = "prompts"


class Category(StrEnum):
    """What a model is for, in the words of the list that people see."""

    ACTION = "action"
    CLASSIFICATION = "classification"
    DEPTH = "depth"
    DETECTION = "detection"
    EMBEDDING = "embedding"
    OCR = "ocr"
    POSE = "pose"
    QUALITY = "quality"
    SEGMENTATION = "segmentation"


class TaskName(StrEnum):
    """How a model's tensors are made and read."""

    ACTION = "action"
    CLASSIFICATION = "classification"
    DEPTH = "depth"
    DETECTION = "detection"
    EMBEDDING = "embedding"
    OCR = "ocr"
    OPEN_VOCABULARY = "open_vocabulary"
    POSE = "pose"
    QUALITY = "quality"
    SEGMENTATION = "segmentation"


class Resize(StrEnum):
    """How a picture is brought to the size that a model takes."""

    LETTERBOX = "letterbox"  # ratio kept, centred, the rest filled
    PAD_RIGHT = "pad_right"  # ratio kept unless too wide, at the left, the rest filled
    CENTER_CROP = "center_crop"  # ratio kept, what is over at the sides is lost
    STRETCH = "stretch"  # ratio not kept
    NONE = "none"  # as it is


class Row(BaseModel):
    """A frozen part of the catalogue, without fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Tensor(Row):
    """An input or output as Triton's configuration names it."""

    name: str = Field(min_length=1)
    dims: Dims = Field(min_length=1)
    data_type: DataType = "FP32"
    meaning: str = Field(min_length=1)


class PictureInput(Row):
    """The tensor that the picture goes into, and what is done to it on the way.

    Attributes:
        width: 0 for the picture's own.
        crop_ratio: of the shorter side, what a centre crop keeps.
        fill: 0–255, where there is no picture.
        mean, std: per channel in the tensor's order, of values 0–1.
        frames: of a window over time; None for a single picture.
    """

    name: str = Field(min_length=1)
    width: int = Field(ge=0, le=4096)
    height: int = Field(ge=0, le=4096)
    layout: Literal["NCHW", "NTCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    resize: Resize
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    crop_ratio: float = Field(1.0, gt=0, le=1)
    fill: float = Field(0.0, ge=0, le=255)
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[
        Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]
    ] = (1.0, 1.0, 1.0)
    frames: int | None = Field(None, ge=1, le=64)

    @property
    def tensor(self) -> Tensor:
        """As Triton's configuration names it."""
        height, width = self.height or -1, self.width or -1
        if self.layout == "NHWC":
            return Tensor(
                name=self.name, dims=(height, width, 3), data_type="UINT8", meaning="the picture"
            )
        window = () if self.frames is None else (self.frames,)
        return Tensor(name=self.name, dims=(*window, 3, height, width), meaning="the picture")


class LabelGroup(Row):
    """Classes of the model that count as one in the answer."""

    label: str = Field(min_length=1)
    first: int = Field(ge=0)
    last: int = Field(ge=0)


def _priority(value: object) -> object:
    if not isinstance(value, str) or value.upper() not in Priority.__members__:
        names = ", ".join(priority.name.lower() for priority in Priority)
        raise ValueError(f"{value!r} is none of {names}")
    return Priority[value.upper()]


def _labels(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(f"there is no label set {value!r}")
    return value


class ModelSpec(Row):
    """One model.

    Attributes:
        memory_estimate_mb: in units of 2**20 bytes; 0 for one that the GPU never sees.
        license: of the weights, as an SPDX name where there is one; "unknown".
        labels: of the classes or keypoints, in the order of the output.
        label_groups: for a model of many more classes than the answer is about.
        alphabet: what can be read, after the blank.
        prompts: texts that a model which takes text is asked with by default.
        note: what somebody who imports the weights has to know.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    category: Category
    task: TaskName
    memory_estimate_mb: int = Field(ge=0, le=1_000_000)
    priority: Annotated[Priority, BeforeValidator(_priority)]
    purpose: str = Field(min_length=1)
    source: str = Field(min_length=1)
    license: str = Field(min_length=1)
    input: PictureInput
    outputs: tuple[Tensor, ...] = Field(min_length=1)
    labels: Annotated[tuple[str, ...], BeforeValidator(_labels)] = ()
    label_groups: tuple[LabelGroup, ...] = ()
    alphabet: str = ""
    prompts: tuple[str, ...] = ()
    enabled: bool = True
    note: str = ""

    @property
    def memory_estimate_bytes(self) -> int:
        return self.memory_estimate_mb * 2**20

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Everything the model is sent."""
        if not self.prompts:
            return (self.input.tensor,)
        return (
            self.input.tensor,
            Tensor(name=PROMPTS_INPUT, dims=(-1,), data_type="BYTES", meaning="texts in UTF-8"),
        )
