"""Transformers' networks: opened from a folder, and asked."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

# Before the library is imported: it asks nobody anything.
os.environ["HF_HUB_OFFLINE"] = "1"
import transformers

from scripts.lifecycle.kinds import ARCHITECTURES, Kind

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

TOKENS = 32
SEED = 8
# Where a configuration does not say: (height, width).
_USUAL_SIZE = {Kind.VISION: (224, 224), Kind.DETECTION: (640, 640)}


class Asked(nn.Module):
    """A network of one kind: one tensor in, and out what this kind is asked for.

    embedding: int64 (N, tokens) → (N, features), the mean over the tokens.
    text-generation: int64 (N, tokens) → (N, vocabulary), for the token that comes next.
    vision: (N, 3, height, width) → (N, classes).
    detection: (N, 3, height, width) → classes and boxes of each object, (N, objects, …) both.
    """

    def __init__(self, kind: Kind, inner: Any) -> None:
        super().__init__()
        self.kind = kind
        self.inner = inner

    def forward(self, given: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        match self.kind:
            case Kind.EMBEDDING if _is_sentence_transformer(self.inner):
                answer: Tensor = self.inner(_text(given))["sentence_embedding"]
            case Kind.EMBEDDING:
                answer = self.inner(**_text(given)).last_hidden_state.mean(1)
            case Kind.TEXT_GENERATION:
                answer = self.inner(**_text(given), use_cache=False).logits[:, -1]
            case Kind.VISION:
                answer = self.inner(pixel_values=given).logits
            case Kind.DETECTION:
                found = self.inner(pixel_values=given)
                return found.logits, found.pred_boxes
        return answer


def _text(tokens: Tensor) -> dict[str, Tensor]:
    return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}


def load(kind: str, folder: Path, on: str) -> Callable[[], None]:
    """What runs one inference of a network that lies in a folder."""
    network = Asked(Kind(kind), opened(Kind(kind), folder)).eval().to(on)
    given = example(network).to(on)

    def infer() -> None:
        with torch.inference_mode():
            network(given)
        if on != "cpu":
            torch.cuda.synchronize()

    return infer


def example(network: Asked) -> Tensor:
    """One input: tokens, or a picture of the size that the network is for."""
    drawn = torch.Generator().manual_seed(SEED)
    config = _config(network.inner)
    if ARCHITECTURES[network.kind].reads_text:
        return torch.randint(0, config.vocab_size, (1, TOKENS), generator=drawn)
    size = getattr(config, "image_size", None) or _USUAL_SIZE[network.kind]
    height, width = (size, size) if isinstance(size, int) else size
    return torch.randn(1, 3, height, width, generator=drawn)


def opened(kind: Kind, folder: Path, **how: Any) -> Any:
    apart = kind is Kind.EMBEDDING and (folder / "modules.json").is_file() and not how
    if apart and importlib.util.find_spec("sentence_transformers") is not None:
        import sentence_transformers

        return sentence_transformers.SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, trust_remote_code=False
        )
    return getattr(transformers, ARCHITECTURES[kind].opener).from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, dtype=torch.float32, **how
    )


def _is_sentence_transformer(network: Any) -> bool:
    return not isinstance(network, transformers.PreTrainedModel)


def _config(network: Any) -> Any:
    return network[0].auto_model.config if _is_sentence_transformer(network) else network.config
