"""The network: pixels at full resolution in, a score out; a severity per family while training."""

import torch
from torch import Tensor, nn

from scripts.baseline.degradations import TRAINED


class Separable(nn.Module):
    """A depthwise 3 × 3 convolution, then a pointwise one; a shortcut where the shapes allow it."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return torch.relu(x + y if self.shortcut else y)


class Network(nn.Module):
    """uint8 (N, height, width, 3), RGB, to a score (N, 1) and severities (N, families).

    The stem reads every pixel with filters of 7 × 7, since noise, JPEG's grid and fine blur live
    at full resolution, and steps 4 pixels, so that what is deep is small. Each stage's channels
    are averaged over the picture for the head: how much texture of a kind there is, and not where.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 7, 4, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU()
        )
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Separable(32, 32), Separable(32, 32)),
                nn.Sequential(Separable(32, 80, 2), Separable(80, 80)),
                nn.Sequential(Separable(80, 144, 2), Separable(144, 144), Separable(144, 144)),
            ]
        )
        pooled = 32 + 32 + 80 + 144
        self.head = nn.Sequential(nn.Linear(pooled, 64), nn.ReLU())
        self.score = nn.Linear(64, 1)
        self.severity = nn.Linear(64, len(TRAINED))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(image.permute(0, 3, 1, 2).float() * (1 / 127.5) - 1)
        means = [x.mean((2, 3))]
        for stage in self.stages:
            x = stage(x)
            means.append(x.mean((2, 3)))
        features = self.head(torch.cat(means, 1))
        return self.score(features), self.severity(features)


class Scorer(nn.Module):
    """What is exported: the score alone."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        score: Tensor = self.network(image)[0]
        return score
