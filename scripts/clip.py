"""`python -m scripts.clip FILE`: the best frames of a video or a burst, as files."""

import contextlib
import json
import sys
from collections.abc import Sequence
from typing import Any

from scripts._stack import Interrupted, interruptible
from scripts.clips import findings
from scripts.clips import options as command_line
from scripts.clips.client import ClipsClient
from scripts.clips.errand import Errand
from scripts.clips.errors import ClipFailed
from scripts.clips.options import Options
from scripts.clips.progress import shown
from scripts.fetching.progress import table


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = command_line.read(arguments)
        with interruptible():
            found = run(options)
    except ClipFailed as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Interrupted as interruption:
        print(f"Stopped by {interruption}; the gateway was told to keep nothing.", file=sys.stderr)
        return interruption.exit_code
    if options.as_json:
        print(json.dumps(found, indent=1))
    else:
        tell(options, found)
    return 0


def run(options: Options) -> dict[str, Any]:
    """Everything that is asked for, one after the other.

    Raises:
        ClipFailed: with why.
    """
    with (
        contextlib.closing(ClipsClient(options.url, options.key, options.ca)) as client,
        shown() as progress,
        Errand(client, options, progress) as errand,
    ):
        clip = errand.upload()
        best_shot = errand.best_shot()
        paths = findings.save_shots(best_shot["shots"], errand.frame, options.out)
        infer = errand.infer(options.infer, best_shot) if options.infer else None
    return {
        "clip": clip,
        "best_shot": best_shot,
        "files": [str(path) for path in paths],
        "infer": infer,
    }


def tell(options: Options, found: dict[str, Any]) -> None:
    """Print what was found, for people."""
    best_shot, clip = found["best_shot"], found["clip"]
    if best_shot["model"]["random_weights"]:
        print("Random weights: the scores say nothing.")
    if best_shot["shots"]:
        table(findings.SHOT_HEADS, findings.shot_rows(best_shot["shots"], found["files"]))
    else:
        print(f"None of the {clip['frames']} frames has a score.")
    if found["infer"] is not None:
        print(f"\n{options.infer}:")
        for name in findings.stand_ins(found["infer"]):
            print(f"{name} is a stand-in: what it says means nothing.")
        table(findings.ANSWER_HEADS, list(findings.answer_rows(found["infer"]["answers"])))
    if options.keep:
        print(f"\nThe clip is kept as {clip['id']}: {options.url}/clips#clip={clip['id']}")


if __name__ == "__main__":
    sys.exit(main())
