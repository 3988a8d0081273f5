"""Trains, judges and, if it is good enough, writes the model `baseline-synthetic`.

    .venv-torch/bin/python -m scripts.train_baseline

Weights go to var/baseline/, the model card to docs/models/. The model is written to the repository
if it beats the best hand-crafted measure on faults that it was not trained on.
"""

import argparse
import datetime
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

# Threads that wait must not spin: the cores may have other work. Read when PyTorch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from scripts.baseline.card import Figures, card_text
from scripts.baseline.degradations import Picture
from scripts.baseline.evaluation import TEST_FACES, evaluate, onnx_scorer
from scripts.baseline.export import TIMED, quantized, speed_of, to_onnx
from scripts.baseline.groups import make_groups
from scripts.baseline.network import Network
from scripts.baseline.recipe import Recipe
from scripts.baseline.repository import NAME, choose_bands, faulty, write_model
from scripts.baseline.sources import SIDE_PX
from scripts.baseline.training import train

PROJECT = Path(__file__).resolve().parent.parent
WEIGHTS = "network.pt"
# What one of them says is chance: it takes several. Labels that teach nothing need few steps.
SHUFFLED, SHUFFLED_STEPS = 8, 40
BAND_SOURCES, CALIBRATION_SOURCES = 20, 4
CALIBRATION_SEVERITIES = (0.2, 0.6)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    recipe = Recipe(options.seed, options.faces, options.groups, options.steps)
    try:
        if not options.evaluate:
            train_both(recipe, options.work, options.processes)
        return judge_and_write(recipe, options)
    except FileNotFoundError as error:
        print(f"There is no {error.filename}: run once without --evaluate.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts.train_baseline", description=__doc__)
    usual = Recipe()
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--faces", type=_count, default=usual.faces, help="drawn for training")
    parser.add_argument("--groups", type=_count, default=usual.groups, help="of five crops each")
    parser.add_argument("--steps", type=_count, default=usual.steps)
    parser.add_argument("--test-faces", type=_count, default=TEST_FACES, help="drawn for the test")
    parser.add_argument("--processes", type=_count, default=2, help="that draw pictures")
    parser.add_argument("--evaluate", action="store_true", help="with the weights of the last run")
    parser.add_argument("--work", type=Path, default=PROJECT / "var/baseline", help="for weights")
    parser.add_argument("--repository", type=Path, default=PROJECT / "triton_models")
    parser.add_argument("--card", type=Path, default=PROJECT / f"docs/models/{NAME}.md")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no count: give a whole number from 1 on.")
    return int(text)


def shuffled_recipes(recipe: Recipe) -> dict[str, Recipe]:
    """By the file that the weights go to; each with a seed, thus a shuffle, of its own."""
    steps = min(SHUFFLED_STEPS, recipe.steps)
    return {
        f"shuffled-{number}.pt": replace(
            recipe, seed=recipe.seed + number, steps=steps, shuffled=True
        )
        for number in range(1, SHUFFLED + 1)
    }


def train_both(recipe: Recipe, work: Path, processes: int) -> None:
    """The network, and those that are told nothing."""
    print(f"drawing {recipe.faces} faces and {recipe.groups} groups of pictures", flush=True)
    groups = make_groups(recipe.seed, recipe.faces, recipe.groups, processes=processes)
    work.mkdir(parents=True, exist_ok=True)
    for name, told in {WEIGHTS: recipe, **shuffled_recipes(recipe)}.items():
        print(f"training {name}", flush=True)
        network = train(told, groups, lambda line: print(line, flush=True))
        torch.save(network.state_dict(), work / name)


def load(path: Path) -> Network:
    network = Network()
    network.load_state_dict(torch.load(path, weights_only=True))
    network.eval()
    return network


def judge_and_write(recipe: Recipe, options: argparse.Namespace) -> int:
    """Returns 0 if the model is good enough to ship, else 2."""
    network = load(options.work / WEIGHTS)
    model = to_onnx(network)
    shuffled = [to_onnx(load(options.work / name)) for name in shuffled_recipes(recipe)]
    bands = choose_bands(recipe.seed, onnx_scorer(model), min(BAND_SOURCES, recipe.faces))
    pictures = [
        picture
        for number in range(min(CALIBRATION_SOURCES, recipe.faces))
        for picture in faulty(recipe.seed, number, CALIBRATION_SEVERITIES)
    ]
    int8 = quantized(model, pictures)
    exact, coarse = onnx_scorer(model), onnx_scorer(int8)
    print("evaluating", flush=True)
    judged = evaluate(
        model, shuffled, recipe.seed, faces=options.test_faces, processes=options.processes
    )
    figures = Figures(
        recipe=recipe,
        evaluation=judged,
        bands=bands,
        sha256=hashlib.sha256(model).hexdigest(),
        size_bytes=len(model),
        parameters=sum(values.numel() for values in network.parameters()),
        speed=speed_of(model),
        int8_speed=speed_of(int8),
        drift=tuple(abs(exact(picture) - coarse(picture)) for picture in pictures),
        odd_scores={name: exact(picture) for name, picture in odd_pictures().items()},
        calibration=len(pictures),
        shuffled=SHUFFLED,
        shuffled_steps=SHUFFLED_STEPS,
        timed=TIMED,
        machine=_machine(),
        date=datetime.date.today().isoformat(),
    )
    options.card.parent.mkdir(parents=True, exist_ok=True)
    options.card.write_text(card_text(figures))
    gate = judged.gate()
    print(f"held-out families: {gate.model}; {gate.best}: {gate.baseline}")
    print(f"difference: {gate.difference}: {'passed' if gate.passed else 'not passed'}")
    print(f"wrote {options.card}")
    folder = options.repository / NAME
    if not gate.passed:
        shutil.rmtree(folder, ignore_errors=True)
        return 2
    print(f"wrote {write_model(options.repository, model, bands)}")
    return 0


def odd_pictures() -> dict[str, Picture]:
    """Pictures without content."""
    shape = (SIDE_PX, SIDE_PX, 3)
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    flat = {"black": 0, "flat grey": 128, "white": 255}
    return {name: np.full(shape, level, np.uint8) for name, level in flat.items()} | {
        "random pixels": noise
    }


def _machine() -> str:
    """The processor's model and its cores, as the system tells them."""
    cores = os.cpu_count()
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{cores} cores of {model}, no GPU"


if __name__ == "__main__":
    sys.exit(main())
