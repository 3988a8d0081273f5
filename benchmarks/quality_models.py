"""Ten pictures of a face before every quality model in turn: `make bench-models`.

One real Triton, a gateway before each model, `?face=auto` as the camera page asks. Prints the
scores side by side, what the model and the gateway took, and which weights answered. A model that
is not there is left out and named: efficient_fiqa has to be imported first.
"""

import argparse
import io
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image, ImageFilter

from benchmarks import report
from benchmarks.processes import HOST, Processes
from benchmarks.servers import start_gateway
from benchmarks.tables import aligned
from benchmarks.triton import start_triton
from loadtest._load._payloads import PICTURES
from scripts._stack import PROJECT
from scripts.baseline.faces import render_scene

MODELS = ("capture_quality", "baseline-synthetic", "efficient_fiqa")
SIZE = (1280, 720)
TIMINGS = 30


@dataclass(frozen=True)
class Outcome:
    """What one model said of each picture; scores are None where no face was found."""

    model: dict[str, Any]
    scores: dict[str, float | None]
    bands: dict[str, str | None]
    triton_p50_ms: float
    gateway_p50_ms: float


def ten_pictures() -> dict[str, bytes]:
    """The astronaut's photograph, what cameras do to it, and two drawn faces; 1280 × 720."""
    face = Image.open(PICTURES / "astronaut.jpg").convert("RGB")
    near = face.crop((20, 0, 468, 252)).resize(SIZE, Image.Resampling.BICUBIC)
    far = Image.new("RGB", SIZE, (104, 112, 120))
    far.paste(face.resize((360, 360), Image.Resampling.LANCZOS), (460, 200))
    noise = np.random.default_rng(0).normal(0, 25, (SIZE[1], SIZE[0], 3))
    noisy = np.clip(np.asarray(near) + noise, 0, 255).astype(np.uint8)
    motion = np.mean([np.roll(np.asarray(near), step, 1) for step in range(25)], axis=0)
    small = near.resize((160, 90), Image.Resampling.BOX).resize(SIZE, Image.Resampling.BICUBIC)
    made = {
        "as photographed": near,
        "out of focus": near.filter(ImageFilter.GaussianBlur(6)),
        "moved": Image.fromarray(motion.astype(np.uint8)),
        "noisy": Image.fromarray(noisy),
        "few pixels": small,
        "dark": near.point(lambda level: int(level * 0.3)),
        "burnt out": near.point(lambda level: min(255, level * 3)),
        "far away": far,
    }
    for seed in (1, 2):
        scene, _ = render_scene(np.random.default_rng(seed), SIZE, 280)
        made[f"drawn {seed}"] = Image.fromarray(scene)
    return {name: _jpeg(picture) for name, picture in made.items()}


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def ask(port: int, pictures: dict[str, bytes]) -> Outcome:
    """Every picture once, and the first of them often enough for a time."""
    with requests.Session() as session:
        session.trust_env = False

        def answer(picture: bytes) -> dict[str, Any]:
            url = f"http://{HOST}:{port}/v1/quality?face=auto"
            response = session.post(url, data=picture, headers={"Content-Type": "image/jpeg"})
            response.raise_for_status()
            read: dict[str, Any] = response.json()
            return read

        answers = {name: answer(picture) for name, picture in pictures.items()}
        first = next(iter(pictures.values()))
        timings = [answer(first)["timing_ms"] for _ in range(TIMINGS)]
    return Outcome(
        model=next(iter(answers.values()))["model"],
        scores={name: one["score"] for name, one in answers.items()},
        bands={name: one["band"] for name, one in answers.items()},
        triton_p50_ms=statistics.median(timing["triton"] for timing in timings),
        gateway_p50_ms=statistics.median(timing["total"] for timing in timings),
    )


def table(outcomes: Sequence[Outcome]) -> str:
    names = outcomes[0].scores
    rows = [["", *(outcome.model["name"] for outcome in outcomes)]]
    rows.append(["variant", *(outcome.model["variant"] for outcome in outcomes)])
    for name in names:
        rows.append([name, *(_cell(outcome, name) for outcome in outcomes)])
    rows.append(["triton p50 ms", *(f"{outcome.triton_p50_ms:.1f}" for outcome in outcomes)])
    rows.append(["gateway p50 ms", *(f"{outcome.gateway_p50_ms:.1f}" for outcome in outcomes)])
    text = aligned(rows)
    if any(outcome.model["random_weights"] for outcome in outcomes):
        text += "\nRandom weights: that model's scores say nothing of the pictures."
    return text


def _cell(outcome: Outcome, name: str) -> str:
    score = outcome.scores[name]
    return "no face" if score is None else f"{score:.2f} {outcome.bands[name]}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", nargs="+", default=list(MODELS), metavar="MODEL")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="default: var/bench/models-….json"
    )
    options = parser.parse_args(arguments)
    there = [one for one in options.models if (PROJECT / "triton_models" / one).is_dir()]
    for missing in sorted(set(options.models) - set(there)):
        print(f"{missing} is not in triton_models/: left out.", file=sys.stderr)
    if not there:
        print("There is no model to ask.", file=sys.stderr)
        return 1
    pictures, outcomes = ten_pictures(), []
    with Processes() as processes, tempfile.TemporaryDirectory() as folder:
        triton = start_triton(processes, Path(folder))
        for name in there:
            triton.load(name)
            server = start_gateway(processes, triton, name)
            outcomes.append(ask(server.port, pictures))
            processes.stop(server.child)
    print(table(outcomes))
    document = report.preamble({"models": there}) | {"outcomes": [asdict(one) for one in outcomes]}
    print(f"\n{report.write(document, options.json, name='models')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
