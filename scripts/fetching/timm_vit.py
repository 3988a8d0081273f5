"""A vision transformer whose tensors have the names that the library timm gives them.

Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2020.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.fetching.errors import WrongNetwork

_EPSILON = 1e-6
# Of every published size.
_CHANNELS_PER_HEAD = 64


class VisionTransformer(nn.Module):
    """(N, 3, side, side) → one number per class, (N, classes)."""

    def __init__(
        self, *, channels: int, blocks: int, hidden: int, patch_px: int, places: int, classes: int
    ) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, channels))
        self.pos_embed = nn.Parameter(torch.zeros(1, places, channels))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, channels, patch_px, patch_px)})
        self.blocks = nn.Sequential(*(Block(channels, hidden) for _ in range(blocks)))
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.head = nn.Linear(channels, classes)
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embed["proj"](pixels).flatten(2).transpose(1, 2)
        first = self.cls_token.expand(pixels.shape[0], -1, -1)
        x = self.blocks(torch.cat((first, patches), dim=1) + self.pos_embed)
        logits: Tensor = self.head(self.norm(x)[:, 0])
        return logits


class Block(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=_EPSILON)
        self.attn = Attention(channels)
        self.norm2 = nn.LayerNorm(channels, eps=_EPSILON)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(channels, hidden), "fc2": nn.Linear(hidden, channels)}
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        inner = functional.gelu(self.mlp["fc1"](self.norm2(x)))
        return x + self.mlp["fc2"](inner)


class Attention(nn.Module):
    """Queries, keys and values come out of one matrix, in that order."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = channels // _CHANNELS_PER_HEAD
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        batch, places, channels = x.shape
        split = self.qkv(x).reshape(batch, places, 3, self.heads, channels // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        joined: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, places, channels))
        return joined


def network(tensors: Mapping[str, Tensor]) -> VisionTransformer:
    """The network that these tensors are of; its sizes are theirs.

    Raises:
        WrongNetwork: they are not of a vision transformer of timm's.
    """
    try:
        classes, channels = tensors["head.weight"].shape
        places = tensors["pos_embed"].shape[1]
        made = VisionTransformer(
            channels=channels,
            blocks=1
            + max(int(name.split(".")[1]) for name in tensors if name.startswith("blocks.")),
            hidden=tensors["blocks.0.mlp.fc1.weight"].shape[0],
            patch_px=tensors["patch_embed.proj.weight"].shape[-1],
            places=places,
            classes=classes,
        )
        made.load_state_dict(dict(tensors), strict=True)
    except (KeyError, ValueError, RuntimeError) as error:
        raise WrongNetwork(
            f"Its weights are not those of a vision transformer with timm's names ({error})."
        ) from error
    if math.isqrt(places - 1) ** 2 != places - 1:
        raise WrongNetwork(f"Its weights are for {places - 1} patches, which is no square.")
    return made
