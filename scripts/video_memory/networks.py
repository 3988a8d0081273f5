"""A detector and an encoder, built from sizes, with random weights: what they say means nothing."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.video_memory.sizes import Sizes

SEED = 9
FEATURES = 64
_HEAD = 64
_SEES = 160
# Of a detection, as a part of the frame.
_LEAST_SIDE, _MORE_SIDE = 0.1, 0.4


class Detector(nn.Module):
    """Boxes in frames: a few convolutions, the most certain places first."""

    def __init__(self, detections: int) -> None:
        super().__init__()
        self._detections = detections
        self._layers = nn.Sequential(
            *(nn.Conv2d(3, 32, 3, 2, 1), nn.GELU()),
            *(nn.Conv2d(32, 64, 3, 2, 1), nn.GELU()),
            *(nn.Conv2d(64, 128, 3, 2, 1), nn.GELU()),
            nn.Conv2d(128, 3, 1),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """
        Args:
            frames: uint8 of shape (N, height, width, 3).

        Returns:
            float32 of shape (N, detections, 4): left, top, right, bottom as parts of the frame.
        """
        weights = self._layers[0].weight
        seen = functional.interpolate(
            frames.permute(0, 3, 1, 2).float(), (_SEES, _SEES), mode="bilinear", antialias=True
        )
        found = self._layers((seen / 255).to(weights.dtype)).float()
        side = found.shape[-1]
        best = found[:, 0].flatten(1).topk(self._detections).indices
        sides = found[:, 1:].flatten(2).gather(2, best[:, None].expand(-1, 2, -1)).sigmoid()
        middle = torch.stack([best % side, best // side], 2).add(0.5) / side
        half = (_LEAST_SIDE + _MORE_SIDE * sides.transpose(1, 2)) / 2
        return torch.cat([middle - half, middle + half], 2).clamp(0, 1)


class Encoder(nn.Module):
    """A vision transformer: a patch in, features out."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        hidden, tokens = sizes.hidden, (sizes.patch_size // sizes.token_size) ** 2
        self._tokens = nn.Conv2d(3, hidden, sizes.token_size, sizes.token_size)
        self._places = nn.Parameter(torch.randn(1, tokens, hidden) * 0.02)
        self.layers = nn.Sequential(*(_layer(hidden) for _ in range(sizes.layers)))
        self._norm = nn.LayerNorm(hidden)
        self._features = nn.Linear(hidden, FEATURES)

    def forward(self, patches: Tensor) -> Tensor:
        """(N, 3, patch size, patch size) → (N, FEATURES)."""
        tokens = self._tokens(patches).flatten(2).transpose(1, 2) + self._places
        answer: Tensor = self._features(self._norm(self.layers(tokens).mean(1)))
        return answer


def _layer(hidden: int) -> Any:
    return nn.TransformerEncoderLayer(
        hidden, hidden // _HEAD, 4 * hidden, 0.0, "gelu", batch_first=True, norm_first=True
    )


def built(make: Callable[[], Any], dtype: str, device: torch.device) -> Any:
    """A network on that device, with the same random weights every time."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    torch.manual_seed(SEED)
    try:
        with device:
            return make().eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(usual)
