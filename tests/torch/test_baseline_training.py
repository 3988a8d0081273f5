"""The network, its losses, and a training that is the same again from its seed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scripts.baseline.degradations import TRAINED
from scripts.baseline.export import to_onnx
from scripts.baseline.groups import (
    CROP_PX,
    GROUP,
    HELD_OUT_SEVERITIES,
    KEPT_AWAY,
    Groups,
    draw_severity,
    make_groups,
)
from scripts.baseline.network import Network
from scripts.baseline.recipe import Recipe
from scripts.baseline.training import (
    calibration_loss,
    ranking_loss,
    rate_at,
    shuffled_labels,
    train,
)
from scripts.train_baseline import main

TINY = Recipe(seed=3, faces=1, groups=7, steps=2, groups_per_step=2)


@pytest.fixture(scope="module")
def groups() -> Groups:
    return make_groups(TINY.seed, TINY.faces, TINY.groups, processes=1)


def test_groups_fall_in_quality_from_a_pristine_crop(groups: Groups) -> None:
    assert groups.crops.shape == (TINY.groups, GROUP, CROP_PX, CROP_PX, 3)
    assert (np.diff(groups.quality.mean(0)) < 0).all()
    assert groups.severities.shape == (TINY.groups, GROUP, len(TRAINED))
    # The first crop of a group has no fault but the second one, which all of its members have.
    assert ((groups.severities[:, 0] > 0).sum(1) <= 1).all()


def test_groups_are_the_same_with_two_processes(groups: Groups) -> None:
    again = make_groups(TINY.seed, TINY.faces, TINY.groups, processes=2)
    np.testing.assert_array_equal(groups.crops, again.crops)
    np.testing.assert_array_equal(groups.quality, again.quality)


def test_no_training_severity_comes_near_one_of_the_test() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([draw_severity(rng) for _ in range(2000)])
    apart = np.abs(drawn[:, None] - np.array(HELD_OUT_SEVERITIES)).min()
    assert apart > KEPT_AWAY
    assert np.median(drawn) < 0.4  # mild ones are commoner


def test_the_network_is_of_the_size_that_the_card_promises() -> None:
    assert 50_000 < sum(values.numel() for values in Network().parameters()) < 200_000


def test_ranking_punishes_the_wrong_order_and_asks_for_no_more_than_the_margin() -> None:
    quality = torch.tensor([[1.0, 0.7, 0.2]])
    right, wrong = ranking_loss(quality, quality), ranking_loss(quality.flip(1), quality)
    assert wrong > 10 * right
    assert ranking_loss(quality + 5, quality) == pytest.approx(float(right), rel=1e-4)


def test_calibration_asks_for_the_score_itself() -> None:
    quality = torch.tensor([[1.0, 0.5]])
    assert calibration_loss(quality, quality) == 0
    assert calibration_loss(quality + 0.2, quality) > calibration_loss(quality + 0.1, quality) > 0


def test_the_learning_rate_rises_and_then_falls_to_nothing() -> None:
    rates = [rate_at(step, 100, 1.0) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[5] == 1
    assert rates[100] == pytest.approx(0, abs=1e-3)


def test_one_seed_trains_one_file_and_shuffled_labels_another(groups: Groups) -> None:
    one, again, shuffled = (
        to_onnx(train(recipe, groups, lambda line: None))
        for recipe in (TINY, TINY, replace(TINY, shuffled=True))
    )
    assert one == again
    assert one != shuffled


def test_shuffled_labels_are_the_same_ones_elsewhere(groups: Groups) -> None:
    severities, quality = shuffled_labels(
        groups.severities, groups.quality, np.random.default_rng(1)
    )
    np.testing.assert_array_equal(np.sort(quality, axis=None), np.sort(groups.quality, axis=None))
    assert severities.sum() == pytest.approx(groups.severities.sum(), rel=1e-4)
    assert (quality != groups.quality).any()


def test_a_network_that_learned_nothing_is_judged_and_does_not_ship(tmp_path: Path) -> None:
    arguments = [
        "--faces",
        "1",
        "--groups",
        "7",
        "--steps",
        "1",
        "--test-faces",
        "1",
        "--processes",
        "1",
    ]
    for name in ("work", "repository"):
        arguments += [f"--{name}", str(tmp_path / name)]
    assert main([*arguments, "--card", str(tmp_path / "card.md")]) == 2
    assert "It did not pass its ship gate" in (tmp_path / "card.md").read_text()
    assert not (tmp_path / "repository").exists()


def test_evaluating_before_any_training_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--evaluate", "--work", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("network.pt: run once without --evaluate.\n")
