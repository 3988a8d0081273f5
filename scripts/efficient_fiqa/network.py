"""EdgeNeXt-XX-Small with a head of two linear layers: the network of Efficient-FIQA.

Source: Maaz et al., "EdgeNeXt: Efficiently Amalgamated CNN-Transformer Architecture for Mobile
Vision Applications", 2022. Attribute names are those of the published checkpoint's tensors.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE_PX = 352
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CHANNELS = (24, 48, 88, 168)
# Per stage: kernel of its convolution encoders, how many of them, and the number of scales of
# the one attention encoder that follows; the first stage has none.
KERNELS_PX = (3, 5, 7, 9)
CONVOLUTIONS = (2, 1, 5, 1)
SCALES = (None, 2, 3, 4)
HEADS = 4
EXPANSION = 4
EPSILON = 1e-6


class EfficientFiqa(nn.Module):
    """Pictures as bytes in, one unbounded score each out.

    Args:
        precision: of the network; pictures are scaled and scores are given in float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, precision: torch.dtype = torch.float32) -> None:
        super().__init__()
        self._precision = precision
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD), persistent=False)
        self.feature_extraction = EdgeNext().to(precision)
        self.quality = nn.Sequential(nn.Linear(CHANNELS[-1], 128), nn.Linear(128, 1)).to(precision)
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """uint8 (N, 352, 352, 3), RGB → float32 (N, 1)."""
        pixels = (image.to(torch.float32) / 255 - self.mean) / self.std
        features = self.feature_extraction(pixels.permute(0, 3, 1, 2).to(self._precision))
        score: Tensor = self.quality(features.mean((2, 3)))
        return score.to(torch.float32)


class EdgeNext(nn.Module):
    """(N, 3, 352, 352) → (N, 168, 11, 11)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, CHANNELS[0], kernel_size=4, stride=4), ChannelNorm(CHANNELS[0])
        )
        self.stages = nn.Sequential(*(Stage(index) for index in range(len(CHANNELS))))

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.stages(self.stem(x))
        return features


class Stage(nn.Module):
    """Halves both sides, but for the first stage; then its encoders."""

    def __init__(self, index: int) -> None:
        super().__init__()
        channels, scales = CHANNELS[index], SCALES[index]
        before = CHANNELS[max(0, index - 1)]
        self.downsample = (
            nn.Sequential(ChannelNorm(before), nn.Conv2d(before, channels, 2, stride=2))
            if index
            else nn.Identity()
        )
        blocks: list[nn.Module] = [
            ConvolutionEncoder(channels, KERNELS_PX[index]) for _ in range(CONVOLUTIONS[index])
        ]
        if scales is not None:
            # Places are told once, where the network first looks at the whole picture.
            side = SIDE_PX // 4 // 2**index
            blocks.append(AttentionEncoder(channels, scales, side, positions=index == 1))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.blocks(self.downsample(x))
        return out


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, EXPANSION * channels)
        self.fc2 = nn.Linear(EXPANSION * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class ConvolutionEncoder(nn.Module):
    """A depthwise convolution, then a per-place MLP, scaled and added to what came in."""

    def __init__(self, channels: int, kernel_px: int) -> None:
        super().__init__()
        self.conv_dw = depthwise(channels, kernel_px)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.mlp = Mlp(channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_dw(x).permute(0, 2, 3, 1)
        y = self.gamma * self.mlp(self.norm(y))
        return x + y.permute(0, 3, 1, 2)


class AttentionEncoder(nn.Module):
    """Split depthwise transpose attention: channels in groups, then attention among channels.

    Args:
        side: of the feature map. Known sizes keep the exported graph free of arithmetic on shapes.
        positions: whether the places of the feature map are told.
    """

    def __init__(self, channels: int, scales: int, side: int, *, positions: bool) -> None:
        super().__init__()
        self._channels, self._side = channels, side
        self._width = math.ceil(channels / scales)
        self.convs = nn.ModuleList(depthwise(self._width, 3) for _ in range(scales - 1))
        self.pos_embd = Positions(channels, side) if positions else None
        self.norm_xca = nn.LayerNorm(channels, eps=EPSILON)
        self.gamma_xca = nn.Parameter(torch.ones(channels))
        self.xca = ChannelAttention(channels, side**2)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.mlp = Mlp(channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self._scales(x)
        if self.pos_embd is not None:
            y = y + self.pos_embd()
        y = y.reshape(-1, self._channels, self._side**2).transpose(1, 2)
        y = y + self.gamma_xca * self.xca(self.norm_xca(y))
        y = self.gamma * self.mlp(self.norm(y))
        return x + y.transpose(1, 2).reshape(-1, self._channels, self._side, self._side)

    def _scales(self, x: Tensor) -> Tensor:
        """Each group is convolved together with the result of the group before; the last is not."""
        groups = x.split(self._width, dim=1)
        done = [self.convs[0](groups[0])]
        for convolution, group in zip(list(self.convs)[1:], groups[1:], strict=False):
            done.append(convolution(done[-1] + group))
        return torch.cat([*done, groups[-1]], 1)


class ChannelAttention(nn.Module):
    """Cross-covariance attention: its map is channels × channels, so its cost is linear in pixels.

    Source: El-Nouby et al., "XCiT: Cross-Covariance Image Transformers", 2021, section 3.
    """

    def __init__(self, channels: int, places: int) -> None:
        super().__init__()
        self._channels, self._places = channels, places
        self.temperature = nn.Parameter(torch.ones(HEADS, 1, 1))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, places, channels) in and out."""
        query, key, value = (
            part.reshape(-1, HEADS, self._channels // HEADS, self._places)
            for part in self.qkv(x).transpose(1, 2).split(self._channels, dim=1)
        )
        query, key = unit(query), unit(key)
        attention = (query @ key.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        mixed = (attention @ value).reshape(-1, self._channels, self._places)
        out: Tensor = self.proj(mixed.transpose(1, 2))
        return out


def unit(x: Tensor) -> Tensor:
    """Vectors along the last axis, scaled to length 1; in float32, since halves would overflow."""
    exact = x.to(torch.float32)
    length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True)
    return (exact / (length + 1e-12)).to(x.dtype)


class Positions(nn.Module):
    """Sines and cosines of a place's row and column, projected to the channels.

    Source: Carion et al., "End-to-End Object Detection with Transformers", 2020, appendix A.4.
    """

    waves: Tensor
    _WAVES_PER_AXIS = 32

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.token_projection = nn.Conv2d(2 * self._WAVES_PER_AXIS, channels, kernel_size=1)
        self.register_buffer("waves", self._waves(side), persistent=False)

    def forward(self) -> Tensor:
        out: Tensor = self.token_projection(self.waves)
        return out

    def _waves(self, side: int) -> Tensor:
        """(1, 64, side, side): rows first, sine and cosine of each wavelength in turn."""
        place = torch.arange(1, side + 1) / (side + EPSILON) * 2 * math.pi
        pairs = torch.arange(0, self._WAVES_PER_AXIS, 2) / self._WAVES_PER_AXIS
        angles = place[:, None] / 10_000**pairs
        axis = torch.stack((angles.sin(), angles.cos()), 2).flatten(1).T
        rows = axis[:, :, None].expand(-1, side, side)
        columns = axis[:, None, :].expand(-1, side, side)
        return torch.cat((rows, columns))[None]


def depthwise(channels: int, kernel_px: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, kernel_px, padding=kernel_px // 2, groups=channels)
