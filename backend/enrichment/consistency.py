"""What must agree within a row of the catalogue: tensors with the task, the labels, the size."""

from collections.abc import Callable, Iterator

from backend.enrichment.model_spec import Dims, ModelSpec, Resize, TaskName

# A YOLO head has one column for each cell of three grids, of cells this many pixels wide.
_YOLO_STRIDES_PX = (8, 16, 32)
# x, y and certainty.
_PER_KEYPOINT = 3
_WHOLE_PICTURE = (TaskName.DEPTH, TaskName.SEGMENTATION)


def problems_of(spec: ModelSpec) -> list[str]:
    """What is wrong with a row whose fields are each right; a sentence each."""
    return [*_general(spec), *_BY_TASK[spec.task](spec)]


def _general(spec: ModelSpec) -> Iterator[str]:
    free = spec.input.resize is Resize.NONE
    if free != (spec.input.width == 0) or free != (spec.input.height == 0):
        yield "input.width and input.height are 0 where resize is none, and only there."
    if free != (spec.input.layout == "NHWC"):
        yield "input.layout is NHWC where resize is none, and only there."
    if (spec.input.layout == "NTCHW") != (spec.input.frames is not None):
        yield "input.frames goes with the layout NTCHW, and only with it."
    if (spec.input.frames is not None) != (spec.task is TaskName.ACTION):
        yield "input.frames goes with the task action, and only with it."
    texts = {TaskName.OPEN_VOCABULARY, TaskName.ACTION, TaskName.CLASSIFICATION}
    if spec.prompts and spec.task not in texts:
        yield f"the task {spec.task} takes no prompts."
    if len(spec.prompts) == 1:
        yield "a model that takes prompts needs at least two by default."
    if spec.prompts and spec.labels:
        yield "a model has labels or prompts, not both."
    if spec.task in _WHOLE_PICTURE and spec.input.resize is not Resize.STRETCH:
        yield f"the task {spec.task} answers about the whole picture: input.resize is stretch."
    if bool(spec.alphabet) != (spec.task is TaskName.OCR):
        yield "an alphabet goes with the task ocr, and only with it."
    lengths = [length for output in spec.outputs for length in output.dims]
    if any(length < 1 and not (length == -1 and spec.prompts) for length in lengths):
        yield "a length in outputs is at least 1, or -1 for as many as there are prompts."
    names = [output.name for output in spec.outputs]
    if len(set(names)) < len(names):
        yield "two outputs have the same name."


def _classes(spec: ModelSpec) -> int:
    """How many values a class axis has; -1 for as many as there are prompts."""
    return -1 if spec.prompts else len(spec.labels)


def _expect(spec: ModelSpec, *dims: Dims) -> Iterator[str]:
    found = tuple(output.dims for output in spec.outputs)
    if found != dims:
        yield f"outputs have the dims {_listed(found)}; the other fields ask for {_listed(dims)}."


def _listed(dims: tuple[Dims, ...]) -> str:
    return " and ".join(str(list(each)) for each in dims)


def _columns(spec: ModelSpec) -> int:
    return sum(
        (spec.input.width // stride) * (spec.input.height // stride) for stride in _YOLO_STRIDES_PX
    )


def _detection(spec: ModelSpec) -> Iterator[str]:
    if not spec.labels:
        yield "a detection model needs labels."
    masks = len(spec.outputs) > 1
    coefficients = spec.outputs[1].dims[0] if masks else 0
    prototypes: Dims = (coefficients, spec.input.height // 4, spec.input.width // 4)
    head: Dims = (4 + len(spec.labels) + coefficients, _columns(spec))
    yield from _expect(spec, head, *([prototypes] if masks else []))


def _open_vocabulary(spec: ModelSpec) -> Iterator[str]:
    if not spec.prompts:
        yield "an open-vocabulary model needs prompts."
    yield from _expect(spec, (-1, _columns(spec)))


def _classification(spec: ModelSpec) -> Iterator[str]:
    if not (spec.labels or spec.prompts or spec.label_groups):
        yield "a classification model needs labels, label_groups or prompts."
    if not spec.label_groups:
        yield from _expect(spec, (_classes(spec),))
        return
    if len(spec.outputs) > 1 or len(spec.outputs[0].dims) != 1:
        yield "a classification model has one output of one axis."
    classes = spec.outputs[0].dims[0]
    taken: set[int] = set()
    for group in spec.label_groups:
        members = set(range(group.first, group.last + 1))
        if not members or max(members) >= classes or members & taken:
            yield f"label_groups: {group.label} is empty, past the last class or over another."
        taken |= members


def _action(spec: ModelSpec) -> Iterator[str]:
    if not (spec.labels or spec.prompts):
        yield "an action model needs labels or prompts."
    yield from _expect(spec, (_classes(spec),))


def _pose(spec: ModelSpec) -> Iterator[str]:
    if not spec.labels:
        yield "a pose model needs the names of its keypoints as labels."
    dims = spec.outputs[0].dims
    if len(dims) not in (2, 3):
        yield "a pose model's output is a head of two axes or a map for each keypoint."
    elif len(dims) == 2:  # a YOLO head: box, certainty, keypoints
        yield from _expect(spec, (5 + _PER_KEYPOINT * len(spec.labels), _columns(spec)))
    else:  # a map of each keypoint
        yield from _expect(spec, (len(spec.labels), *dims[1:3]))


def _segmentation(spec: ModelSpec) -> Iterator[str]:
    if not spec.labels:
        yield "a segmentation model needs labels."
    yield from _expect(spec, (len(spec.labels), *spec.outputs[0].dims[1:3]))
    if len(spec.outputs[0].dims) != 3:
        yield "a segmentation model's output has the axes class, height and width."


def _axes(count: int, what: str) -> Callable[[ModelSpec], Iterator[str]]:
    def check(spec: ModelSpec) -> Iterator[str]:
        if len(spec.outputs) > 1 or len(spec.outputs[0].dims) != count:
            yield f"the task {spec.task} has one output: {what}."

    return check


def _ocr(spec: ModelSpec) -> Iterator[str]:
    yield from _expect(spec, (spec.outputs[0].dims[0], len(spec.alphabet) + 1))


_BY_TASK: dict[TaskName, Callable[[ModelSpec], Iterator[str]]] = {
    TaskName.ACTION: _action,
    TaskName.CLASSIFICATION: _classification,
    TaskName.DEPTH: _axes(2, "a map of height and width"),
    TaskName.DETECTION: _detection,
    TaskName.EMBEDDING: _axes(1, "a vector"),
    TaskName.OCR: _ocr,
    TaskName.OPEN_VOCABULARY: _open_vocabulary,
    TaskName.POSE: _pose,
    TaskName.QUALITY: _axes(1, "one number"),
    TaskName.SEGMENTATION: _segmentation,
}
