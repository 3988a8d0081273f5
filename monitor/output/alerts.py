"""What somebody should hear of at once: a line, a bell and a webhook."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import TracebackType
from typing import Any, Literal, Self

from monitor.judgement.verdict import Level
from monitor.observation import Growth, Observation
from monitor.output.webhook import Webhook

EXIT_LEVEL_REACHED = 3
# The levels that --fail-on may name, from bad to worse.
FAILING: tuple[Level, ...] = ("degraded", "overloaded")

Event = Literal["verdict", "growth", "stalled"]


@dataclass(frozen=True)
class Alert:
    event: Event
    observation: Observation
    previous_level: Level
    words: str

    def text(self, timezone: tzinfo | None = None) -> str:
        """One line, beginning with the time of the day.

        Args:
            timezone: Of the time shown; None is the machine's own.
        """
        at = datetime.fromtimestamp(self.observation.sample.wall_s, timezone)
        return f"{at:%H:%M:%S} {self.words}"

    def document(self, timezone: tzinfo | None = None) -> dict[str, Any]:
        """For the webhook. Chats that take webhooks show what is under "text"."""
        observation = self.observation
        at = datetime.fromtimestamp(observation.sample.wall_s, UTC)
        return {
            "at": at.isoformat(timespec="milliseconds"),
            "event": self.event,
            "level": observation.verdict.level,
            "previous_level": self.previous_level,
            "rule": observation.verdict.rule,
            "diagnosis": {
                "code": observation.diagnosis.code,
                "sentence": observation.diagnosis.sentence,
            },
            "text": self.text(timezone),
        }


class AlertFinder:
    """Compares each observation with those before it; says each thing once while it lasts."""

    def __init__(self) -> None:
        self._level: Level = "unknown"
        self._is_stalled = False
        self._growing: frozenset[str] = frozenset()

    def find(self, observation: Observation) -> list[Alert]:
        previous, level = self._level, observation.verdict.level
        alerts = []
        # That all is well at the beginning is no news, nor is a pause in which nothing is measured.
        if level not in (previous, "unknown"):
            if previous != "unknown" or level != "healthy":
                words = _verdict_words(observation)
                alerts.append(Alert("verdict", observation, previous, words))
            self._level = level
        is_stalled = observation.diagnosis.code == "stalled"
        if is_stalled and not self._is_stalled:
            words = f"stalled: {observation.diagnosis.sentence}"
            alerts.append(Alert("stalled", observation, previous, words))
        self._is_stalled = is_stalled
        for growth in self._newly_alarming(observation.growths):
            alerts.append(Alert("growth", observation, previous, growth.sentence))
        return alerts

    def _newly_alarming(self, growths: Collection[Growth]) -> list[Growth]:
        # One that wavers about the limit is the same growth until it is gone.
        still = self._growing & {growth.what for growth in growths}
        new = [growth for growth in growths if growth.alarming and growth.what not in still]
        self._growing = still | {growth.what for growth in new}
        return new


def _verdict_words(observation: Observation) -> str:
    verdict, diagnosis = observation.verdict, observation.diagnosis
    words = f"{verdict.level}: {verdict.rule}."
    explains = verdict.level in FAILING and diagnosis.code != "insufficient_evidence"
    return f"{words} {diagnosis.sentence}" if explains else words


class Alerts:
    """A sink that tells of what changes.

    Args:
        say: Gets one line per alert, and what becomes of the webhook.
        ring: Called after each alert; None leaves the bell silent.
        webhook: As `webhook_url` returned it.
        timezone: Of the times shown; None is the machine's own.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        ring: Callable[[], None] | None = None,
        webhook: str | None = None,
        timezone: tzinfo | None = None,
    ) -> None:
        self._say = say
        self._ring = ring
        self._webhook = None if webhook is None else Webhook(webhook, say)
        self._timezone = timezone
        self._finder = AlertFinder()
        self.levels_seen: set[Level] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._webhook is not None:
            self._webhook.close()

    def write(self, observation: Observation) -> None:
        self.levels_seen.add(observation.verdict.level)
        for alert in self._finder.find(observation):
            self._say(alert.text(self._timezone))
            if self._ring is not None:
                self._ring()
            if self._webhook is not None:
                self._webhook.send(alert.document(self._timezone))


def exit_code(levels_seen: Collection[Level], fail_on: Level | None) -> int:
    """EXIT_LEVEL_REACHED where a level as bad as `fail_on`, one of FAILING, was reached."""
    if fail_on is None:
        return 0
    failing = FAILING[FAILING.index(fail_on) :]
    return EXIT_LEVEL_REACHED if any(level in failing for level in levels_seen) else 0
