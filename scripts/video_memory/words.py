"""What was measured, in sentences and rows. Pure."""

from scripts.video_memory.result import Place, Result, Spread, Stage
from scripts.vram.words import mb

# Of InternVL3-8B with Grounding DINO, as the original's own document says.
ORIGINAL_GB = {Place.DEVICE: 46, Place.HOST: 23}
ORIGINAL_RATIO = 0.5
ORIGINAL_SLOWDOWN_RATIO = 0.05
_LIMIT = f"{100 * ORIGINAL_SLOWDOWN_RATIO:.0f} %"
_STANDS_FOR = "host memory standing for a GPU's"
NAMES = {Place.DEVICE: "frames on the device", Place.HOST: "frames in host memory"}
_SIDES = {
    True: "under",
    False: "not under",
    None: "with the middle half of the questions on both sides of",
}
COMPARED = ("", "the original", "here")
MEMORY = (
    "clips",
    "frames on the device: held",
    "at most",
    "frames in host memory: held",
    "at most",
)


def of_what(result: Result) -> str:
    """What the figures of memory are of."""
    return "GPU memory" if result.gpu else _STANDS_FOR


def stage(one: Stage, gpu: str | None) -> str:
    """`[VRAM after detector loaded] allocated 0.31 GB | reserved 0.33 GB`."""
    label = "" if gpu else f" ({_STANDS_FOR})"
    return (
        f"[VRAM {one.name}] allocated {_gb(one.memory.allocated_bytes)} | "
        f"reserved {_gb(one.memory.reserved_bytes)}{label}"
    )


def compared(result: Result) -> list[list[str]]:
    """Under COMPARED."""
    peaks = [
        [f"at most, {NAMES[place]}", f"{ORIGINAL_GB[place]} GB", mb(result.peak_bytes(place))]
        for place in Place
    ]
    work = result.more_work_ratio
    return [
        *peaks,
        ["host to device", f"{ORIGINAL_RATIO:.2f}", f"{result.peak_ratio:.2f}"],
        ["handing over, a clip", "50–100 ms", spread(result.transfer_ms, "ms")],
        ["slower", f"under {_LIMIT}", _more(result.slowdown_ratio)],
        *([["more processor time", "-", _more(work)]] if work else []),
    ]


def memory_rows(result: Result) -> list[list[str]]:
    """Under MEMORY."""
    both = zip(result.series(Place.DEVICE), result.series(Place.HOST), strict=True)
    return [
        [
            str(device.clips),
            mb(device.memory.allocated_bytes),
            mb(device.memory.peak_bytes),
            mb(host.memory.allocated_bytes),
            mb(host.memory.peak_bytes),
        ]
        for device, host in both
    ]


def verdicts(result: Result) -> list[str]:
    """What came out."""
    said = [_equality(result), _ratio(result)]
    grows = result.growth_bytes(Place.DEVICE), result.growth_bytes(Place.HOST)
    if grows[0] is not None and grows[1] is not None:
        said.append(
            f"With each clip more the peak grows by {grows[0] / 2**20:,.1f} MB with frames on the "
            f"device, where a clip's pixel values are {result.sizes.pixels_bytes / 2**20:,.1f} MB, "
            f"and by {grows[1] / 2**20:,.1f} MB with frames in host memory."
        )
    return [*said, _speed(result), *_work(result), _errors(result)]


def notes(result: Result) -> list[str]:
    """How to read the figures: what they are of, and what they are not."""
    sizes = result.sizes
    return [
        _device(result),
        (
            "The detector and the model have random weights: sizes and times are those of such "
            "networks, what they say means nothing. The model is a vision transformer of "
            f"{sizes.layers} layers, {sizes.hidden} wide, in {sizes.dtype}."
        ),
        (
            f"Each of the {sizes.frames} frames of a clip, {sizes.width}×{sizes.height}, becomes "
            f"{sizes.patches} patches and {sizes.detections} detections of "
            f"{sizes.patch_size}×{sizes.patch_size} pixels; {sizes.micro_batch} frames are before "
            "the model at once, in both ways."
        ),
        (
            f"The saving: the device no longer keeps {mb(sizes.pixels_bytes)} of pixel values for "
            f"each clip. Host memory does not keep them either, but {mb(sizes.frames_bytes)} of "
            f"frames as uint8, {mb(result.store_bytes)} for all {sizes.clips} clips, from which "
            "pixel values are made again for every question. The original kept pixel values in "
            "host memory, so its handing over moved more and it made nothing again."
        ),
        "Detections are found once for each clip and kept with it, in both ways.",
        (
            "The ratio is one of these sizes: the more clips there are beside the same models, the "
            "smaller it is."
        ),
        "The original's figures are those that its document expects, of one GPU and model.",
    ]


def spread(values: Spread, unit: str, digits: int = 1) -> str:
    """`3.2 ms (3.0–4.1)`: median, least and greatest."""
    shown = [f"{value:,.{digits}f}" for value in (values.median, values.least, values.greatest)]
    return f"{shown[0]} {unit} ({shown[1]}–{shown[2]})"


def _more(found: Spread) -> str:
    return f"{100 * found.median:.1f} % ({100 * found.least:.1f} to {100 * found.greatest:.1f})"


def _equality(result: Result) -> str:
    if result.is_equal:
        return f"All {result.compared} answers that were compared are the same to the last bit."
    return (
        f"{result.different} of {result.compared} answers that were compared are not the same: "
        "the two ways do not compute the same, and the other figures mean nothing."
    )


def _ratio(result: Result) -> str:
    against = "less than" if result.peak_ratio < ORIGINAL_RATIO else "not less than"
    return (
        f"With frames in host memory the peak of {of_what(result)} is {result.peak_ratio:.2f} of "
        f"what it is with frames on the device; that is {against} the original's "
        f"{ORIGINAL_RATIO:.2f}."
    )


def _speed(result: Result) -> str:
    side = _SIDES[result.slowdown_ratio.is_under(ORIGINAL_SLOWDOWN_RATIO)]
    return (
        f"A question takes {spread(result.question_ms(Place.DEVICE), 'ms', 0)} with frames on the "
        f"device and {spread(result.question_ms(Place.HOST), 'ms', 0)} with frames in host memory: "
        f"{_more(result.slowdown_ratio)} slower, {side} the original's {_LIMIT}. "
        f"Of that, handing over is {spread(result.transfer_ms, 'ms')} and making pixel values of "
        f"them {spread(result.cutting_ms, 'ms')}."
    )


def _work(result: Result) -> list[str]:
    found = result.more_work_ratio
    if found is None:
        return []
    side = _SIDES[found.is_under(ORIGINAL_SLOWDOWN_RATIO)]
    return [
        (
            f"The device's process took {_more(found)} more processor time with frames in host "
            f"memory, {side} {_LIMIT}: what others do on the machine prolongs times far more than "
            "this."
        )
    ]


def _errors(result: Result) -> str:
    errors = result.errors
    if errors.is_clean(result.sizes):
        return (
            f"After {errors.raised} errors in the middle of a clip nothing is left on the device "
            f"({errors.left_bytes / 2**20:,.1f} MB more than before), no clip counts as in use, "
            "and the clip is answered as before."
        )
    return (
        f"Errors are not clean: {errors.raised} of {errors.wanted} came through, they left "
        f"{errors.left_bytes / 2**20:,.1f} MB on the device and {errors.clips_in_use} clips in "
        f"use, and afterwards the answer was {'the same' if errors.same_answer else 'another one'}."
    )


def _device(result: Result) -> str:
    if result.gpu:
        return (
            f"GPU: {result.gpu}. Held is what tensors have, at most is what PyTorch had reserved "
            "(`torch.cuda`)."
        )
    return (
        "Nothing was measured on a GPU: host memory stands for one's. The models and what is kept "
        "on the device are in a process of their own; held is what the C library has handed out "
        "there, at most the greatest resident memory (VmHWM), PyTorch's code included. Frames are "
        "copied to that process through a file in memory, so what handing over takes is that of "
        "copies on the host and not of a bus."
    )


def _gb(size_bytes: int | None) -> str:
    return "-" if size_bytes is None else f"{size_bytes / 2**30:.2f} GB"
