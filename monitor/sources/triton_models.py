"""Triton's model configurations: how many instances there are, and the steps of ensembles."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from monitor.counters import ModelKey
from monitor.sources.http import Fetch, ScrapeError

# A sample asks for no more than these, so that many new models do not hold it up.
MOST_PER_SAMPLE = 4
# Whoever did not tell is asked again after so many samples.
ASK_AGAIN_AFTER = 30


@dataclass(frozen=True)
class ModelConfiguration:
    """Attributes:
    instance_count: Over all GPUs; None for an ensemble, which has none.
    steps: The models that an ensemble is made of.
    """

    instance_count: int | None
    steps: tuple[str, ...] = ()


def parse(text: str) -> ModelConfiguration:
    """Read one model's configuration as Triton completes it.

    Raises:
        ValueError: it is none.
    """
    try:
        document = json.loads(text)
        if "ensemble_scheduling" in document:
            steps = document["ensemble_scheduling"]["step"]
            return ModelConfiguration(None, tuple(step["model_name"] for step in steps))
        groups = document["instance_group"]
        # A group's count is for each of its GPUs.
        return ModelConfiguration(
            sum(int(group["count"]) * max(1, len(group.get("gpus", ()))) for group in groups)
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no configuration: {error}") from error


class Configurations:
    """Asks once for each model, and again when it has been away.

    Args:
        base_url: Triton's HTTP address, without a path.
    """

    def __init__(self, base_url: str, fetch: Fetch) -> None:
        self._base_url = base_url
        self._fetch = fetch
        self._known: dict[ModelKey, ModelConfiguration] = {}
        self._wait: dict[ModelKey, int] = {}

    def of(self, keys: Iterable[ModelKey], timeout_s: float) -> dict[ModelKey, ModelConfiguration]:
        """What is known of these models by now."""
        present = set(keys)
        self._known = {key: value for key, value in self._known.items() if key in present}
        self._wait = {key: left - 1 for key, left in self._wait.items() if key in present and left}
        unknown = sorted(present - self._known.keys() - self._wait.keys())[:MOST_PER_SAMPLE]
        for key in unknown:
            try:
                self._known[key] = parse(self._fetch(self._url(key), timeout_s / len(unknown)))
            except (ScrapeError, ValueError):
                self._wait[key] = ASK_AGAIN_AFTER
        return dict(self._known)

    def _url(self, key: ModelKey) -> str:
        version = f"/versions/{quote(key.version, safe='')}" if key.version else ""
        return f"{self._base_url}/v2/models/{quote(key.model, safe='')}{version}/config"
