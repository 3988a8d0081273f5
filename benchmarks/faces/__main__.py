"""`python -m benchmarks.faces`: recall, false faces and time of the search for faces.

Every scene is generated. Time is processor time of one thread, so that what else the machine does
weighs less. Takes two to three minutes.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.faces import scenes
from benchmarks.faces.recall import Outcome, false_faces, outcome, recall
from benchmarks.faces.scenes import FACE_SIZES_PX, LIGHTS, Scene
from benchmarks.faces.timing import Times, measured
from benchmarks.faces.ways import OURS, Find, at_full_width, ways
from benchmarks.tables import aligned

SEED = 20261121
SIZES = ((640, 480), (1280, 720), (1920, 1080))
FULL_WIDTH = "alt2, full width, scale 1.1"
# The smaller of them are found by the second, finer pass alone.
LARGE_FACE_PX = 180

Outcomes = dict[str, dict[str, list[Outcome]]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faces", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="where the figures are written")
    parser.add_argument("--portraits", type=int, default=20, help="scenes of each size of face")
    parser.add_argument("--drawings", type=int, default=10, help="scenes of each size of face")
    parser.add_argument("--empty", type=int, default=50, help="scenes without a face")
    parser.add_argument("--timed", type=int, default=12, help="scenes of each kind and size")
    options = parser.parse_args()
    outcomes = judged(
        {
            "photograph": scenes.with_portrait(SEED, options.portraits),
            "drawing": scenes.with_drawn_face(SEED, options.drawings),
            "no face": scenes.without_faces(SEED, options.empty),
        },
        ways(),
    )
    for text in accuracy_tables(outcomes):
        print(text, end="\n\n", flush=True)
    times = {f"{width}x{height}": timed((width, height), options.timed) for width, height in SIZES}
    print(time_table(times))
    print("\nBeside plain searches, the same pictures with a large face in turns:")
    print(ratio_table(times))
    path = report.write(
        report.preamble({"seed": SEED} | {k: v for k, v in vars(options).items() if k != "json"})
        | {"recall": accuracy_as_json(outcomes), "time": times_as_json(times)},
        options.json,
        name="faces",
    )
    print(f"\nFigures: {path}")
    return 0


def judged(sources: Mapping[str, Iterable[Scene]], searches: Mapping[str, Find]) -> Outcomes:
    """Source → search → what it made of each scene."""
    found: Outcomes = {source: {name: [] for name in searches} for source in sources}
    for source, drawn in sources.items():
        for scene in drawn:
            for name, find in searches.items():
                found[source][name].append(outcome(find, scene))
    return found


def timed(size: tuple[int, int], count: int) -> dict[str, dict[str, Times]]:
    """Kind of scene → search → time."""
    # Large faces, small faces, no face: the three ways that a search goes.
    portraits = list(scenes.with_portrait(SEED + 1, -(-count // 3), size))
    large = [scene for scene in portraits if scene.face_px >= LARGE_FACE_PX]
    small = [scene for scene in portraits if scene.face_px < LARGE_FACE_PX]
    plain = ways()
    return {
        "large face": measured(plain, large),
        "small face": measured({OURS: plain[OURS]}, small),
        "no face": measured({OURS: plain[OURS]}, scenes.without_faces(SEED + 1, count, size)),
        # Seconds each: a few scenes are enough to see the order of magnitude.
        "large face, few": measured({OURS: plain[OURS], FULL_WIDTH: at_full_width}, large[::6]),
    }


def accuracy_tables(outcomes: Outcomes) -> Iterator[str]:
    for source in ("photograph", "drawing"):
        by_search = outcomes[source]
        scenes_count = len(by_search[OURS])
        head = [f"{source}, {scenes_count} scenes: found, %", *(f"{px} px" for px in FACE_SIZES_PX)]
        head += [*LIGHTS, "false/picture"]
        rows = []
        for name, of_search in by_search.items():
            cells = [recall(o for o in of_search if o.face_px == px) for px in FACE_SIZES_PX]
            cells += [recall(o for o in of_search if o.light == light) for light in LIGHTS]
            rows.append([name, *map(percent, cells), number(false_faces(of_search), 3)])
        yield aligned([head, *rows])
    empty = outcomes["no face"]
    rows = [[name, number(false_faces(found), 3)] for name, found in empty.items()]
    yield aligned([[f"no face, {len(empty[OURS])} scenes", "false/picture"], *rows])


def time_table(times: Mapping[str, Mapping[str, Mapping[str, Times]]]) -> str:
    rows = [["find, ms of one core", "pictures", "p50", "p95"]]
    for size, kinds in times.items():
        for kind in ("large face", "small face", "no face"):
            one = kinds[kind][OURS]
            rows.append(
                [f"{size}, {kind}", str(one.pictures), number(one.p50_ms), number(one.p95_ms)]
            )
    return aligned(rows)


def ratio_table(times: Mapping[str, Mapping[str, Mapping[str, Times]]]) -> str:
    rows = [["times as long as find, p50", *times]]
    for name in [*(name for name in ways() if name != OURS), FULL_WIDTH]:
        kind = "large face, few" if name == FULL_WIDTH else "large face"
        ratios = [kinds[kind][name].p50_ms / kinds[kind][OURS].p50_ms for kinds in times.values()]
        rows.append([name, *(number(ratio) for ratio in ratios)])
    return aligned(rows)


def percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.0f}"


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def accuracy_as_json(outcomes: Outcomes) -> dict[str, Any]:
    return {
        source: {
            name: {
                "pictures": len(found),
                "recall": recall(found),
                "recall_by_face_px": {
                    px: recall(o for o in found if o.face_px == px) for px in FACE_SIZES_PX
                },
                "recall_by_light": {
                    light: recall(o for o in found if o.light == light) for light in LIGHTS
                },
                "false_faces_per_picture": false_faces(found),
            }
            for name, found in by_search.items()
        }
        for source, by_search in outcomes.items()
    }


def times_as_json(times: Mapping[str, Mapping[str, Mapping[str, Times]]]) -> dict[str, Any]:
    return {
        size: {
            kind: {name: dataclasses.asdict(one) for name, one in by_search.items()}
            for kind, by_search in kinds.items()
        }
        for size, kinds in times.items()
    }


if __name__ == "__main__":
    sys.exit(main())
