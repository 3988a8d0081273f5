"""Many clients, random operations, kills; memory sampled all the time."""

import argparse
import dataclasses
import threading
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import pictures
from benchmarks.figures import Target
from benchmarks.rounds import progress
from benchmarks.tables import aligned
from benchmarks.zoo import faults
from benchmarks.zoo.client import Client, Doors
from benchmarks.zoo.judging import Answer, Asked
from benchmarks.zoo.memory import sampling, summary
from benchmarks.zoo.operations import (
    PICTURES,
    PROMPTS,
    BenchModel,
    Fault,
    Kind,
    Operation,
    fault_points,
    operations,
)
from benchmarks.zoo.part import Part
from benchmarks.zoo.system import System, Zoo
from benchmarks.zoo.verdicts import HEALING_S, Kill, Verdict, targets_of, verdict
from scripts._stack import StackError

SAY_EVERY_S = 5.0
ASK_ALONE_TRIES = 20
LONGEST_PAUSE_S = 1.0
BETWEEN_KILLS_S = 10.0


def measure(zoo: Zoo, system: System, options: argparse.Namespace) -> Part:
    models = zoo.models()
    asked = operations(
        models, count=options.operations, budget_mb=options.budget_mb, seed=options.seed
    )
    points = fault_points(options.faults, len(asked))
    with sampling(system.repository, zoo.folder / "stress.jsonl") as samples:
        expected = ask_alone(system.doors, models)
        run = Run(system, asked, points)
        run.go(options.clients, limit_s=options.limit_s)
        run.heal(zoo.smallest(1)[0])
        unpin(system.doors, models)
        left = faults.settle(system)
    memory = summary(samples, budget_mb=options.budget_mb)
    found = verdict(run.answers, expected, run.kills)
    targets = [
        Target("kills", len(run.kills), len(points), True),
        *targets_of(run.begun, found, memory, left, budget_mb=options.budget_mb),
    ]
    figures = {
        "verdict": dataclasses.asdict(found),
        "memory": memory and dataclasses.asdict(memory),
        "unsettled": left,
        "seconds": run.seconds,
        "asked": run.begun,
    }
    return Part(f"{describe(found, run)}\n{outcomes_table(found)}", targets, figures)


def ask_alone(doors: Doors, models: Sequence[BenchModel]) -> dict[Asked, Any]:
    """What each model says of each picture while nobody else asks.

    Raises:
        StackError: one does not answer.
    """
    expected: dict[Asked, Any] = {}
    client = Client(doors, pictures.files())
    for model in models:
        progress(f"stress: {model.name} asked alone")
        for picture in range(PICTURES):
            plain = _alone(client, model.name, picture, ())
            worded = _alone(client, model.name, picture, PROMPTS) if model.takes_prompts else plain
            expected[model.name, picture, ()] = plain
            expected[model.name, picture, PROMPTS] = worded
    client.close()
    return expected


def _alone(client: Client, name: str, picture: int, prompts: tuple[str, ...]) -> Any:
    for _ in range(ASK_ALONE_TRIES):
        answer = client.ask(Operation(0, Kind.INFER, (name,), picture, prompts))
        if answer.status == 200:
            return {key: answer.document[key] for key in ("model", "result")}
        if answer.code != "zoo_busy":
            break
        time.sleep(0.5)
    raise StackError(
        f"{name}, asked alone, answers {answer.status}: {answer.error or answer.document}"
    )


def unpin(doors: Doors, models: Sequence[BenchModel]) -> None:
    client = Client(doors, pictures.files())
    for model in models:
        client.ask(Operation(0, Kind.UNPIN, (model.name,)))
    client.close()


class Run:
    """Attributes:
    begun: requests that went out.
    answers: in the order in which they came.
    """

    def __init__(
        self, system: System, asked: Sequence[Operation], points: dict[int, Fault]
    ) -> None:
        self._system = system
        self._asked = asked
        self._points = sorted(points.items())
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.begun = 0
        self.answers: list[Answer] = []
        self.kills: list[Kill] = []
        self.seconds = 0.0

    def go(self, clients: int, *, limit_s: float) -> None:
        """Ask all of it, or until the limit."""
        began_s = time.monotonic()
        threads = [
            threading.Thread(target=self._ask, name=f"client-{number}", daemon=True)
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        try:
            said_s = began_s
            while any(thread.is_alive() for thread in threads):
                self._kill_what_is_due()
                now_s = time.monotonic()
                if now_s - began_s > limit_s:
                    self._over.set()
                if now_s - said_s >= SAY_EVERY_S:
                    said_s = now_s
                    progress(f"stress: {len(self.answers)} of {len(self._asked)} answered")
                time.sleep(0.05)
        finally:
            self._over.set()
        self.seconds = time.monotonic() - began_s

    def heal(self, name: str) -> None:
        """Ask one model until it answers: a kill late in the run has to heal as well."""
        client = Client(self._system.doors, pictures.files())
        until_s = time.monotonic() + HEALING_S
        while self.kills and time.monotonic() < until_s:
            answer = client.ask(Operation(self.begun, Kind.INFER, (name,)))
            self.begun += 1
            self.answers.append(answer)
            if answer.status == 200:
                break
            time.sleep(max(0.1, pause_s(answer)))
        client.close()

    def _kill_what_is_due(self) -> None:
        if self.kills and time.monotonic() < self.kills[-1].at_s + BETWEEN_KILLS_S:
            return
        if self._points and len(self.answers) >= self._points[0][0]:
            _, fault = self._points.pop(0)
            if killed := faults.kill(self._system, fault):
                progress(f"stress: killed {fault} ({killed.what})")
                self.kills.append(killed)

    def _ask(self) -> None:
        client = Client(self._system.doors, pictures.files())
        while (operation := self._next()) is not None:
            answer = client.ask(operation)
            with self._lock:
                self.answers.append(answer)
            self._over.wait(pause_s(answer))
        client.close()

    def _next(self) -> Operation | None:
        with self._lock:
            if self._over.is_set() or self.begun == len(self._asked):
                return None
            self.begun += 1
            return self._asked[self.begun - 1]


def pause_s(answer: Answer) -> float:
    """Until the client's next request: one that is told to come back later does, but not much.

    Otherwise what is down for a second would refuse all that is left of the operations.
    """
    if answer.status is None:
        return LONGEST_PAUSE_S
    if answer.status != 503:
        return 0.0
    document = answer.document if isinstance(answer.document, dict) else {}
    return min(LONGEST_PAUSE_S, float(document.get("retry_after_ms", 0)) / 1000)


def describe(found: Verdict, run: Run) -> str:
    pictures_s = (
        ""
        if found.picture_p50_s is None or found.picture_p95_s is None
        else f"; pictures: median {found.picture_p50_s:.2f} s, 95 % {found.picture_p95_s:.2f} s"
    )
    lines = [
        f"Stress: {found.answers} answers in {run.seconds:.0f} s, {found.good} of them 200"
        + pictures_s
    ]
    lines += [f"  wrong: {fault}: {count}" for fault, count in found.faults.items()]
    for one in found.healings:
        first = "-" if one.first_good_s is None else f"{one.first_good_s:.1f} s"
        healed = "never" if one.healed_s is None else f"after {one.healed_s:.1f} s"
        lines.append(
            f"  kill -9 of {one.fault} ({one.what}): next picture answered after {first}, "
            f"{one.refusals} refused for it, healed {healed}"
        )
    return "\n".join(lines)


def outcomes_table(found: Verdict) -> str:
    words = sorted({word for counts in found.outcomes.values() for word in counts})
    rows = [
        [kind, *(str(found.outcomes[kind].get(word, "")) for word in words)]
        for kind in sorted(found.outcomes)
    ]
    return aligned([["", *words], *rows])
