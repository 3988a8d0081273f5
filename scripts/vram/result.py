"""One model's figures. Pure."""

from dataclasses import dataclass

from scripts.vram.troubles import Trouble
from scripts.zoo_models.configuration import STAND_IN


@dataclass(frozen=True)
class BenchmarkResult:
    """What one model took; None for what is not known.

    Attributes:
        estimated_bytes: by the catalogue; 0 for a model that the GPU never sees.
        baseline_bytes: in use before the load, of the whole GPU or machine.
        weights: "stand-in", or a digest of real ones, as the loaded model says.
        loaded_bytes: right after the load; `batch_1_bytes` after inference of one picture, and
            `largest_batch_bytes` of as many as its configuration takes at once.
        unload_s: until the server was rid of the model.
        left_bytes: that did not come back; 0 for what is too little to matter.
        by_difference: the figures are what the whole GPU held more than before the load, since its
            driver does not tell this model's process.
        error: in at most 100 characters.
        trouble: which kind of error that is, or what else there is to say.
    """

    name: str
    category: str
    estimated_bytes: int
    baseline_bytes: int | None = None
    weights: str | None = None
    load_s: float | None = None
    loaded_bytes: int | None = None
    batch_1_bytes: int | None = None
    largest_batch: int | None = None
    largest_batch_bytes: int | None = None
    unload_s: float | None = None
    left_bytes: int | None = None
    by_difference: bool = False
    error: str | None = None
    trouble: Trouble | None = None

    @property
    def success(self) -> bool:
        return self.error is None

    @property
    def actual_bytes(self) -> int | None:
        """The most that was seen."""
        seen = (self.loaded_bytes, self.batch_1_bytes, self.largest_batch_bytes)
        return max((size for size in seen if size is not None), default=None)

    @property
    def is_stand_in(self) -> bool:
        return self.weights == STAND_IN
