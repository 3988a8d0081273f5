"""The model card and the model's folder, from figures that a test made up."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from scripts.baseline.card import Figures, Speed, card_text
from scripts.baseline.degradations import FAMILIES, HELD_OUT
from scripts.baseline.evaluation import HAND_CRAFTED, MODEL, SHUFFLED, Evaluation
from scripts.baseline.groups import HELD_OUT_SEVERITIES
from scripts.baseline.recipe import Recipe
from scripts.baseline.repository import MACHINES, Bands, choose_bands, config_text, write_model
from scripts.baseline.sources import TEST_PHOTOGRAPHS

SOURCES = ("test face 0", "test face 1", *TEST_PHOTOGRAPHS)


def evaluation(model: float, *, best: float) -> Evaluation:
    """Correlations that are alike everywhere; of the baselines the first is best."""
    kept = dict.fromkeys(HAND_CRAFTED, best - 0.1) | {MODEL: model, SHUFFLED: 0.01}
    kept[HAND_CRAFTED[0]] = best
    shape = (len(SOURCES), len(FAMILIES))
    return Evaluation(
        SOURCES,
        {name: np.full(shape, value) for name, value in kept.items()},
        np.full((len(FAMILIES), 1 + len(HELD_OUT_SEVERITIES)), 0.625),
        seed=1,
    )


def card(judged: Evaluation) -> str:
    return card_text(
        Figures(
            recipe=Recipe(steps=640),
            evaluation=judged,
            bands=Bands(fair=0.4, good=0.7),
            sha256="ab12",
            size_bytes=381_000,
            parameters=95_080,
            speed=Speed(4.04, 6.06),
            int8_speed=Speed(2.02, 3.03),
            drift=(0.01, 0.05),
            odd_scores={"black": -0.031, "flat grey": 0.494},
            calibration=56,
            shuffled=8,
            shuffled_steps=40,
            timed=100,
            machine="2 cores of a test",
            date="2026-01-02",
        )
    )


def test_the_card_has_every_figure_and_no_gap() -> None:
    text = card(evaluation(0.9, best=0.8))
    for told in ("95,080 parameters", "381 kB", "`ab12`", "4.0 ms", "6.1 ms", "640 steps"):
        assert told in text
    assert "fair from 0.40, good from 0.70" in text
    assert "by 0.030 on average and 0.050 at most (2 pictures" in text
    assert "black -0.03, flat grey 0.49." in text
    assert not re.search(r"[{}]", text)


def test_the_card_of_a_better_model_says_that_it_ships() -> None:
    text = card(evaluation(0.9, best=0.8))
    assert "It passed its ship gate and is in the repository." in text
    assert "| difference, paired | 0.100 (0.100 to 0.100) |" in text
    assert f"| best hand-crafted: {HAND_CRAFTED[0]} | 0.800 (0.800 to 0.800) |" in text


def test_the_card_of_a_model_that_is_no_better_says_that_it_does_not() -> None:
    text = card(evaluation(0.8, best=0.8))
    assert "It did not pass its ship gate and is not in the repository" in text
    assert "Outcome: not passed" in text


def test_the_card_names_the_families_in_which_a_baseline_is_better() -> None:
    judged = evaluation(0.9, best=0.8)
    judged.correlations["JPEG bytes"][:, list(FAMILIES).index("webp")] = 1
    assert "than the network: WebP (JPEG bytes 1.000, network 0.900)." in card(judged)
    assert "than the network: none." in card(evaluation(0.9, best=0.8))


def test_an_interval_can_be_had_of_drawn_faces_or_photographs_alone() -> None:
    judged = evaluation(0.9, best=0.8)
    judged.correlations[MODEL][:2] = 0.4
    assert judged.interval(MODEL, tuple(HELD_OUT), faces=True).mean == pytest.approx(0.4)
    assert judged.interval(MODEL, tuple(HELD_OUT), faces=False).mean == pytest.approx(0.9)


def test_the_written_folder_is_what_triton_reads(tmp_path: Path) -> None:
    folder = write_model(tmp_path, b"weights", Bands(fair=0.4, good=0.7))
    assert (folder / "1/model.onnx").read_bytes() == b"weights"
    config = (folder / "config.pbtxt").read_text()
    assert config == (folder / "configs/cpu.pbtxt").read_text()
    assert '"bands", value: { string_value: "fair=0.40,good=0.70" }' in config
    assert hashlib.sha256(b"weights").hexdigest() in config
    assert {path.stem for path in folder.glob("configs/*")} == MACHINES.keys()


def test_threads_are_told_on_a_cpu_alone() -> None:
    told = {
        name: '"threads", value: { string_value: "1" }' in config_text(machine, b"", Bands(0, 1))
        for name, machine in MACHINES.items()
    }
    assert told == {"cpu": True, "rtx3060": False, "rtx5090": False}


def test_bands_lie_below_three_quarters_of_what_is_scored_with_a_mild_and_a_serious_fault() -> None:
    # A scorer that counts: families outermost, the serious fault of each before the mild one.
    count = iter(range(14))
    bands = choose_bands(1, lambda picture: next(count) / 10, sources=1)
    serious, mild = np.arange(0, 14, 2) / 10, np.arange(1, 14, 2) / 10
    assert bands.fair == pytest.approx(np.percentile(serious, 25), abs=0.005)
    assert bands.good == pytest.approx(np.percentile(mild, 25), abs=0.005)
