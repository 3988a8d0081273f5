"""The command line of scripts.benchmark_video_memory."""

import argparse
import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lifecycle.errors import UsageError
from scripts.video_memory.sizes import ITEM_BYTES, PRESETS, Sizes

_DESCRIPTION = """\
Ask a model about the same clips twice: once with their frames kept on the device, ready for the
model, and once with the frames kept in host memory and only a micro-batch at a time on the device.
Answers must be the same to the last bit; peak memory, what handing over costs and how much slower
it is are reported.
"""
_EPILOG = """\
examples:
  make benchmark-video-memory
  make benchmark-video-memory ARGS="--clips 32 --detections 3 --stage-log"
  make benchmark-video-memory ARGS="--preset seed --device cuda --pinned"

Where PyTorch sees no GPU, the memory of a process of its own stands for a device's, and the report
says so. The models have random weights; nothing is downloaded.

exit status: 0 measured; 1 answers differ, an error left something behind, or it could not be
measured; 2 the flags do not go together, or a package is missing; 130 stopped by Ctrl-C.
"""
_HELP = {
    "clips": "kept at once",
    "frames": "of each clip",
    "patches": "that a frame is cut into",
    "detections": "of each frame, each one more patch",
    "patch_size": "of a patch before the model, in pixels",
    "micro_batch": "frames before the model at once",
    "hidden": "width of the model, a multiple of 64",
    "layers": "of the model",
    "token_size": "pixels of a patch that become one token",
    "rounds": "of timed questions",
    "questions": "clips asked about in each round",
}
_HEAD = 64


@dataclass(frozen=True)
class Options:
    """
    Attributes:
        preset: that the sizes began with.
        device: "cpu" has host memory stand for a GPU's; None for a GPU where there is one.
        pinned: hand frames to a GPU from page-locked memory.
        stage_log: say what the device holds after each stage.
        out: folder of the report; None for a new one in var/bench/.
    """

    sizes: Sizes
    preset: str
    device: str | None
    pinned: bool
    stage_log: bool
    out: Path | None


def read(arguments: Sequence[str] | None = None) -> Options:
    """
    Raises:
        UsageError: flags that do not go together.
    """
    given = _parser().parse_args(arguments)
    changed = {
        name: getattr(given, name) for name in (*_HELP, "dtype") if getattr(given, name) is not None
    }
    if given.frame_size is not None:
        changed |= dict(zip(("width", "height"), given.frame_size, strict=True))
    sizes = dataclasses.replace(PRESETS[given.preset], **changed)
    if "questions" not in changed:
        sizes = dataclasses.replace(sizes, questions=min(sizes.questions, sizes.clips))
    _check(sizes)
    if given.pinned and given.device == "cpu":
        raise UsageError("--pinned is for a GPU, and --device cpu uses none.")
    return Options(sizes, given.preset, given.device, given.pinned, given.stage_log, given.out)


def _check(sizes: Sizes) -> None:
    for name in (*_HELP, "width", "height"):
        least = 0 if name == "detections" else 1
        if getattr(sizes, name) < least:
            raise UsageError(f"--{name.replace('_', '-')} must be {least} or more.")
    if sizes.hidden % _HEAD:
        raise UsageError(f"--hidden {sizes.hidden} is no multiple of {_HEAD}.")
    if sizes.patch_size % sizes.token_size:
        raise UsageError(
            f"--patch-size {sizes.patch_size} is no multiple of --token-size {sizes.token_size}."
        )
    if sizes.questions > sizes.clips:
        raise UsageError(f"--questions {sizes.questions} asks about more than --clips.")


def _frame_size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: say WIDTHxHEIGHT, such as 1280x720")
    return int(found[1]), int(found[2])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make benchmark-video-memory",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--preset",
        choices=list(PRESETS),
        default="small",
        help="sizes to begin with: small, or the original's own for a GPU of 48 GB or more",
    )
    small = PRESETS["small"]
    for name, text in _HELP.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=int,
            metavar="N",
            help=f"{text}; small: {getattr(small, name)}",
        )
    parser.add_argument("--frame-size", type=_frame_size, metavar="WxH", help="small: 640x384")
    parser.add_argument(
        "--dtype", choices=list(ITEM_BYTES), help="of pixel values and weights; small: float32"
    )
    parser.add_argument(
        "--device",
        choices=["cpu", "cuda"],
        help="default: a GPU where PyTorch sees one; cpu: host memory stands for a GPU's",
    )
    parser.add_argument(
        "--pinned", action="store_true", help="hand frames to the GPU from page-locked memory"
    )
    parser.add_argument(
        "--stage-log", action="store_true", help="say what the device holds after each stage"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="of the report; default: var/bench/video-memory-…",
    )
    return parser
