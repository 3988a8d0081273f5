"""OSNet x0.25: a person as a vector.

Source: Zhou, Yang, Cavallaro and Xiang, "Omni-Scale Feature Learning for Person
Re-Identification", 2019. Attribute names are those of the published checkpoint's tensors.
"""

import torch
from torch import Tensor, nn

CHANNELS = (16, 64, 96, 128)
FEATURES = 512
# How many times fewer channels there are inside a block, and inside its gate.
_INSIDE_BLOCK = 4
_INSIDE_GATE = 16
# A block's branches differ in how many light convolutions follow each other: 3 to 9 pixels wide.
_BRANCHES = ("conv2a", "conv2b", "conv2c", "conv2d")


class OsNet(nn.Module):
    """(N, 3, 256, 128) → (N, 512)."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = CHANNELS
        self.conv1 = Convolution(3, a, 7, stride=2)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = nn.Sequential(Block(a, b), Block(b, b), _halving(b))
        self.conv3 = nn.Sequential(Block(b, c), Block(c, c), _halving(c))
        self.conv4 = nn.Sequential(Block(c, d), Block(d, d))
        self.conv5 = Convolution(d, d, 1)
        self.fc = nn.Sequential(nn.Linear(d, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU())
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        maps = self.conv2(self.maxpool(self.conv1(pixels)))
        maps = self.conv5(self.conv4(self.conv3(maps)))
        features: Tensor = self.fc(maps.mean((2, 3)))
        return features


class Convolution(nn.Module):
    """Convolution without bias, normalised over the batch, and rectified where it is told to be."""

    def __init__(
        self, before: int, after: int, width: int, *, stride: int = 1, linear: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, width, stride, width // 2, bias=False)
        self.bn = nn.BatchNorm2d(after)
        self.act = nn.Identity() if linear else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.bn(self.conv(x)))
        return y


class LightConvolution(nn.Module):
    """Across channels, then 3×3 within each of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv2(self.conv1(x))))


class Gate(nn.Module):
    """Weighs each channel by what all of them have in the mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // _INSIDE_GATE, 1)
        self.fc2 = nn.Conv2d(channels // _INSIDE_GATE, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    """Four branches that see more and more around a place, gated by the same gate and added."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        inside = after // _INSIDE_BLOCK
        self.conv1 = Convolution(before, inside, 1)
        self.conv2a = LightConvolution(inside)
        for length, name in enumerate(_BRANCHES[1:], start=2):
            setattr(self, name, nn.Sequential(*(LightConvolution(inside) for _ in range(length))))
        self.gate = Gate(inside)
        self.conv3 = Convolution(inside, after, 1, linear=True)
        same = before == after
        self.downsample = None if same else Convolution(before, after, 1, linear=True)

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.conv1(x)
        branches = [self.gate(getattr(self, name)(narrow)) for name in _BRANCHES]
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.conv3(sum(branches)) + shortcut)


def _halving(channels: int) -> nn.Sequential:
    return nn.Sequential(Convolution(channels, channels, 1), nn.AvgPool2d(2))
