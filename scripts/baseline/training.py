"""Losses and the course of training, the same again from a seed on the same machine and threads."""

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from scripts.baseline.groups import Groups
from scripts.baseline.network import Network
from scripts.baseline.recipe import Recipe
from scripts.baseline.sources import stream

RANKING_TEMPERATURE = 0.05
SEVERITY_WEIGHT = 0.3
REPORT_EVERY = 50
THREADS = 2


def ranking_loss(scores: Tensor, quality: Tensor) -> Tensor:
    """Pairs within a source and family, each to be put in order and apart.

    Args:
        scores, quality: (groups, members), members from pristine to worst.

    A pair's margin is the difference in quality; a mild pair weighs up to four times as much as
    one of ruined pictures.
    """
    first, second = torch.triu_indices(scores.shape[1], scores.shape[1], 1)
    gap = scores[:, first] - scores[:, second]
    margin = quality[:, first] - quality[:, second]
    weight = 0.25 + 0.75 * quality[:, second]
    loss = functional.softplus((margin - gap) / RANKING_TEMPERATURE) * RANKING_TEMPERATURE
    return (loss * weight).sum() / weight.sum()


def calibration_loss(scores: Tensor, quality: Tensor) -> Tensor:
    """The score against the scale that all families share; mild pictures weigh more."""
    loss = functional.huber_loss(scores, quality, reduction="none", delta=0.1)
    weight = 0.4 + 0.6 * quality
    return 10 * (loss * weight).sum() / weight.sum()


def total_loss(scores: Tensor, severities: Tensor, quality: Tensor, told: Tensor) -> Tensor:
    return (
        ranking_loss(scores, quality)
        + calibration_loss(scores, quality)
        + SEVERITY_WEIGHT * functional.mse_loss(severities, told)
    )


def rate_at(step: int, steps: int, highest: float) -> float:
    """A linear rise over the first twentieth, then half a cosine down to nothing."""
    rise = max(1, steps // 20)
    if step < rise:
        return highest * (step + 1) / rise
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def train(recipe: Recipe, groups: Groups, say: Callable[[str], None] = print) -> Network:
    """Train from nothing; returns the network ready to score."""
    torch.manual_seed(recipe.seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(THREADS)
    network = Network()
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=0.02)
    rng = stream(recipe.seed, 6)
    severities, quality = groups.severities, groups.quality
    if recipe.shuffled:
        severities, quality = shuffled_labels(severities, quality, rng)
    together = min(recipe.groups_per_step, len(quality))
    began_s, losses = time.monotonic(), []
    for step in range(recipe.steps):
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate_at(step, recipe.steps, recipe.learning_rate)
        chosen = np.sort(rng.choice(len(quality), together, replace=False))
        crops = torch.from_numpy(
            _turned(groups.crops[chosen], rng).reshape(-1, *groups.crops.shape[2:])
        )
        scores, told = network(crops)
        loss = total_loss(
            scores.reshape(len(chosen), -1),
            told,
            torch.from_numpy(quality[chosen]),
            torch.from_numpy(severities[chosen]).flatten(0, 1),
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if (step + 1) % REPORT_EVERY == 0 or step + 1 == recipe.steps:
            passed_s = time.monotonic() - began_s
            left_s = passed_s / (step + 1) * (recipe.steps - step - 1)
            mean = np.mean(losses[-REPORT_EVERY:])
            say(f"step {step + 1} of {recipe.steps}, loss {mean:.4f}, {left_s:.0f} s left")
    network.eval()
    return network


def _turned(crops: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Each group mirrored and turned by quarters, alike for all of its members."""
    turned = np.empty_like(crops)
    for row, group in enumerate(crops):
        quarters, mirrored = int(rng.integers(4)), rng.random() < 0.5
        group = np.rot90(group, quarters, (1, 2))
        turned[row] = group[:, :, ::-1] if mirrored else group
    return turned


def shuffled_labels(
    severities: NDArray[np.float32], quality: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels dealt anew over all crops; within groups alone, a group's mean would tell of them."""
    order = rng.permutation(quality.size)
    dealt = severities.reshape(quality.size, -1)[order].reshape(severities.shape)
    return dealt, quality.ravel()[order].reshape(quality.shape)


def scores_of(network: Network, pictures: NDArray[np.uint8], batch: int = 8) -> NDArray[np.float32]:
    """Score uint8 (N, height, width, 3); returns float32 (N,)."""
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(pictures[start : start + batch]))[0][:, 0].numpy()
            for start in range(0, len(pictures), batch)
        ]
    return np.concatenate(parts)
