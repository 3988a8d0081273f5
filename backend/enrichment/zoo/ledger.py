"""Who holds how much of the budget. Arithmetic only; its owner sees to threads."""

from collections.abc import Mapping

from backend.enrichment.zoo.states import ZooModel


class Ledger:
    """Charges per model, and memory that did not come back.

    A model is charged from the moment its load is admitted until its memory was seen to come back.

    Args:
        peaks_bytes: what models were measured to hold at most, by earlier runs.
    """

    def __init__(self, budget_bytes: int, peaks_bytes: Mapping[str, int] | None = None) -> None:
        self.budget_bytes = budget_bytes
        self._peaks_bytes = dict(peaks_bytes or {})
        self._charges_bytes: dict[str, int] = {}
        self._quarantined_bytes: dict[str, int] = {}
        self._driver_bears_bytes: int | None = None

    def size_bytes(self, model: ZooModel) -> int:
        """What admission counts with: the larger of what was measured and what was estimated."""
        if model.estimate_bytes == 0:
            return 0
        return max(model.estimate_bytes, self._peaks_bytes.get(model.name, 0))

    def charge(self, model: ZooModel) -> None:
        if size_bytes := self.size_bytes(model):
            self._charges_bytes[model.name] = size_bytes

    def observe(self, model: ZooModel, memory_bytes: int) -> None:
        """Note what a resident model holds now; one larger than expected is charged for it."""
        own_bytes = memory_bytes - self.quarantined_of(model.name)
        self._peaks_bytes[model.name] = max(self._peaks_bytes.get(model.name, 0), own_bytes)
        if model.name in self._charges_bytes:
            self.charge(model)

    def release(self, model: ZooModel, left_bytes: int | None) -> None:
        """End a model's charge, but for what it still holds.

        Args:
            left_bytes: memory that did not come back; None where nobody can tell.
        """
        self._charges_bytes.pop(model.name, None)
        if left_bytes and model.estimate_bytes:
            self._quarantined_bytes[model.name] = left_bytes
        else:
            self._quarantined_bytes.pop(model.name, None)

    def driver_saw(self, free_bytes: int) -> None:
        """Note what the driver calls free while nothing is being loaded or unloaded.

        Together with what is charged it is all that the charges may ever be, so that the note
        stays true while loads and unloads go on.
        """
        self._driver_bears_bytes = free_bytes + self.charged_bytes

    @property
    def charged_bytes(self) -> int:
        """With what did not come back."""
        return sum(self._charges_bytes.values()) + self.quarantined_bytes

    @property
    def quarantined_bytes(self) -> int:
        return sum(self._quarantined_bytes.values())

    @property
    def free_bytes(self) -> int:
        """Of the budget or of the driver's free memory, whichever is less; below 0 if overdrawn."""
        if self._driver_bears_bytes is None:
            return self.budget_bytes - self.charged_bytes
        return min(self.budget_bytes, self._driver_bears_bytes) - self.charged_bytes

    @property
    def overdrawn_bytes(self) -> int:
        """What models turned out to hold beyond the budget."""
        return max(0, self.charged_bytes - self.budget_bytes)

    def charge_of(self, name: str) -> int:
        return self._charges_bytes.get(name, 0)

    def peak_of(self, name: str) -> int | None:
        return self._peaks_bytes.get(name)

    def quarantined_of(self, name: str) -> int:
        return self._quarantined_bytes.get(name, 0)
