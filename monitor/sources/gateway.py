"""The gateway as a source: what it did since the reading before."""

import time
from collections.abc import Callable

from monitor.sample import FIRST_GATEWAY_SCRAPE, GatewayActivity
from monitor.sources import gateway_metrics
from monitor.sources.gateway_metrics import GatewayCounters
from monitor.sources.http import Fetch, ScrapeError


class GatewaySource:
    """Args:
    url: Its metrics.
    """

    def __init__(
        self, url: str, fetch: Fetch, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._monotonic = monotonic
        self._fetch = fetch
        self._last: GatewayCounters | None = None

    def read(self, timeout_s: float) -> tuple[GatewayActivity | None, str | None]:
        """What it did, or why that is not known."""
        try:
            text = self._fetch(self._url, timeout_s)
            after = gateway_metrics.parse(text, self._monotonic())
        except ScrapeError as error:
            return None, str(error)
        except (ValueError, KeyError):
            return None, f"{self._url} answered something that is no gateway's metrics"
        before, self._last = self._last, after
        if before is None:
            return None, FIRST_GATEWAY_SCRAPE
        return gateway_metrics.between(before, after), None
