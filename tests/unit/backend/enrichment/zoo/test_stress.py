"""Many callers, many operations, a server with every fault: what must hold all the same."""

import random
import threading
from collections import Counter

from backend.enrichment.zoo.states import Priority, State
from backend.errors import FramegateError, TritonError
from tests.unit.backend.enrichment.zoo.stage import MB, Stage, stage

OPERATIONS = 10_000
THREADS = 16
SIZES_MB = {f"m{number}": 100 * (1 + number % 4) for number in range(10)} | {"cpu": 0}
BUDGET_MB = 900
PRIORITIES = dict(zip(SIZES_MB, list(Priority) * 3, strict=False))


class Run:
    """One run on one stage; what is wrong is noted and judged at the end.

    Attributes:
        held: leases by model, as the callers see it.
    """

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.held: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()
        on.triton.on_unload = self._check_unload

    def work(self, seed: int, operations: int) -> None:
        rng = random.Random(seed)
        for _ in range(operations):
            try:
                self._operate(rng)
            except FramegateError as error:
                answer = type(error).__name__
            else:
                answer = "done"
            with self._lock:
                self.answers[answer] += 1

    def _operate(self, rng: random.Random) -> None:
        zoo, name = self.on.zoo, rng.choice(list(SIZES_MB))
        deadline_s = self.on.in_s(rng.choice([0, 0.5, 3, 10, 60]))
        choice = rng.random()
        if choice < 0.70:
            self._lease(rng, name, deadline_s)
        elif choice < 0.78:
            zoo.unload(name, deadline_s=deadline_s)
        elif choice < 0.80:
            zoo.pin(name)
        elif choice < 0.84:
            zoo.unpin(name)
        elif choice < 0.88:
            zoo.plan(name)
        elif choice < 0.92:
            zoo.status()
        elif choice < 0.94:
            zoo.idle_cleanup(rng.choice([1, 30]))
        elif choice < 0.97:
            zoo.tend()
        else:
            self._break_something(rng, name)

    def _lease(self, rng: random.Random, name: str, deadline_s: float) -> None:
        with self.on.zoo.lease(name, deadline_s=deadline_s):
            run = self.on.triton.run
            with self._lock:
                self.held[name] += 1
            try:
                if rng.random() < 0.3:
                    self._lease(rng, rng.choice(list(SIZES_MB)), deadline_s)
                resident = name in self.on.triton.ready()
                # A lease cannot outlive the server; one of before a restart means nothing.
                if not resident and run == self.on.triton.run and not self._lost(name):
                    self.wrong.append(f"{name} is leased and not resident")
            finally:
                with self._lock:
                    self.held[name] -= 1

    def _lost(self, name: str) -> bool:
        """Whether the lease was granted before the zoo knew of a restart."""
        return self.on.triton.loaded_in_run.get(name) != self.on.triton.run

    def _check_unload(self, name: str) -> None:
        if self.held[name]:
            self.wrong.append(f"{name} was leased when it was unloaded")

    def _break_something(self, rng: random.Random, name: str) -> None:
        triton, model = self.on.triton, self.on.triton.models[name]
        if triton.down:
            triton.restart()
            return
        fault = rng.randrange(12)  # one time in three all is well again
        if fault == 0:
            model.fails = ["damaged"]
        elif fault == 1:
            model.fails = ["out of memory"]
        elif fault == 2:
            model.hangs = True
        elif fault == 3:
            model.clings = True
        elif fault == 4:
            model.keeps_bytes = model.holds_bytes // 4
        elif fault == 5:
            model.load_s = rng.choice([0.01, 1.0, 20.0])
        elif fault == 6:
            triton.restart()
        elif fault == 7:
            triton.crash()  # until somebody breaks something again
        else:
            self.calm()

    def calm(self) -> None:
        if self.on.triton.down:
            self.on.triton.restart()
        for name, model in self.on.triton.models.items():
            model.fails, model.hangs, model.clings, model.keeps_bytes = [], False, False, 0
            self.on.triton.finish_loading(name)


def run_on(on: Stage, operations: int) -> Run:
    run = Run(on)
    threads = [
        threading.Thread(target=run.work, args=(seed, operations // THREADS), daemon=True)
        for seed in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), (on.zoo.status(), run.answers)
    return run


def settle(on: Stage) -> None:
    """As a timer would, until nothing is on its way any more."""

    def settled() -> bool:
        try:
            on.zoo.tend()
        except TritonError:
            return False
        unsettled = set(State) - {State.ABSENT, State.READY, State.FAILED}
        status = on.zoo.status()
        return not unsettled & set(on.states().values()) and not status.lost_because

    on.until(settled)


def test_whatever_happens_the_budget_holds_and_every_caller_is_answered_once() -> None:
    on = stage(SIZES_MB, BUDGET_MB, priorities=PRIORITIES, drift_s=0.25, minimum_residence_s=0.2)
    run = run_on(on, OPERATIONS)
    run.calm()
    settle(on)
    assert run.wrong == []
    assert sum(run.answers.values()) == OPERATIONS // THREADS * THREADS
    assert on.triton.most_bytes <= BUDGET_MB * MB
    assert on.triton.twice == []
    resident = {name for name, state in on.states().items() if state is State.READY}
    assert resident == on.triton.ready()
    assert on.zoo.status().used_bytes == sum(map(on.triton.memory_of_now, SIZES_MB))
    assert all((one.leases, one.waiting) == (0, 0) for one in on.zoo.status().models)
    # The run was one: much was done, much was refused, and models came and went.
    assert run.answers["done"] > OPERATIONS / 3
    assert {"ZooBusy", "ModelFailed", "TritonUnavailable"} <= set(run.answers)
    assert len(on.triton.loads) > OPERATIONS / 50
    assert len(on.triton.unloads) > OPERATIONS / 100


def test_a_zoo_heals_by_itself_after_any_run_and_loads_every_model() -> None:
    on = stage(SIZES_MB, BUDGET_MB, priorities=PRIORITIES, drift_s=0.25)
    run = run_on(on, 800)
    run.calm()
    settle(on)
    on.clock.advance(1000)  # past every back-off
    for name in SIZES_MB:
        on.zoo.unpin(name)
    for name in SIZES_MB:
        on.zoo.load(name, deadline_s=on.in_s(1000))
    assert on.triton.most_bytes <= BUDGET_MB * MB
