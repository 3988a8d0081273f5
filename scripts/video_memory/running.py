"""One run: measured, shown, written down."""

import contextlib
import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from scripts._stack import Interrupted, interruptible, say
from scripts.lifecycle.about import about, new_folder
from scripts.lifecycle.errors import UsageError
from scripts.video_memory import gpu, report, words
from scripts.video_memory.campaign import Campaign, steps
from scripts.video_memory.device import Device
from scripts.video_memory.options import Options
from scripts.video_memory.result import Result, Stage
from scripts.video_memory.standin import StandIn
from scripts.vram.progress import shown

_PACKAGES = ("torch", "numpy")
# The rest is for the programs themselves, and for whoever else is on the machine.
_MOST_OF_FREE = 0.8


def run(given: Options) -> int:
    """Measure it all; returns the exit status.

    Raises:
        LifecycleError: it could not be measured.
    """
    name = None if given.device == "cpu" else gpu.name()
    check(given, name, free_bytes=psutil.virtual_memory().available)
    say(f"GPU: {name or 'none; host memory stands for its memory'}")
    try:
        with interruptible(), contextlib.closing(opened(given, name)) as device:
            result = measure(device, given)
    except Interrupted as interruption:
        print(f"Stopped by {interruption}; nothing is left running.", file=sys.stderr)
        return interruption.exit_code
    say(report.terminal(result))
    made = about(settings(given), _PACKAGES)
    say(f"\nWritten to {write(result, made, given.out or new_folder('video-memory'))}.")
    return 0 if result.is_sound else 1


def check(given: Options, name: str | None, *, free_bytes: int) -> None:
    """
    Args:
        name: of the GPU that would be used.
        free_bytes: of host memory.

    Raises:
        UsageError: a GPU is asked for and there is none, or the clips would not fit.
    """
    if name is None and given.device == "cuda":
        raise UsageError("PyTorch sees no GPU: leave --device out, or say --device cpu.")
    if name is None and given.pinned:
        raise UsageError("--pinned is for a GPU, and PyTorch sees none.")
    needed_bytes = given.sizes.host_bytes_needed(standing_for_device=name is None)
    if needed_bytes > _MOST_OF_FREE * free_bytes:
        raise UsageError(
            f"The clips would take about {needed_bytes / 2**30:.1f} GB of host memory and "
            f"{free_bytes / 2**30:.1f} GB are free: keep fewer --clips, or with fewer --frames."
        )


def opened(given: Options, name: str | None) -> Device:
    if name is None:
        return StandIn(given.sizes)
    return gpu.Gpu(given.sizes, name, pinned=given.pinned)


def measure(device: Device, given: Options) -> Result:
    def log(stage: Stage) -> None:
        if given.stage_log:
            say(words.stage(stage, device.gpu))

    with shown(steps(given.sizes)) as progress:
        return Campaign(device, given.sizes, progress, log).run()


def settings(given: Options) -> dict[str, Any]:
    return {
        "preset": given.preset,
        "device": given.device,
        "pinned": given.pinned,
        "sizes": dataclasses.asdict(given.sizes),
    }


def write(result: Result, made: Mapping[str, Any], folder: Path) -> Path:
    """video-memory.json, .md and .svg; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.as_json(result, made), indent=1) + "\n"
    (folder / "video-memory.json").write_text(text, encoding="utf-8")
    (folder / "video-memory.md").write_text(report.markdown(result, made), encoding="utf-8")
    (folder / report.CHART).write_text(report.drawn(result), encoding="utf-8")
    return folder
