"""What administrators and timers do: load, unload, plan, clean up, measure."""

import threading

import pytest

from backend.enrichment.zoo.control import Observer
from backend.enrichment.zoo.states import Measured, State, ZooModel
from backend.enrichment.zoo.status import LoadPlan
from backend.errors import ZooBusy
from tests.unit.backend.enrichment.zoo.stage import MB, stage


class Notes(Observer):
    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def leased(self, model: ZooModel, waited_s: float | None) -> None:
        self.lines.append(("leased", model.name, waited_s))

    def loaded(self, model: ZooModel, load_s: float, expected_s: float | None) -> None:
        self.lines.append(("loaded", model.name, load_s, expected_s))

    def evicted(self, model: ZooModel, age_s: float) -> None:
        self.lines.append(("evicted", model.name, age_s))

    def outgrew(self, model: ZooModel, memory_bytes: int) -> None:
        self.lines.append(("outgrew", model.name, memory_bytes))


def test_unloading_returns_when_the_memory_is_back() -> None:
    on = stage({"face": 100}, 200)
    on.zoo.load("face")
    on.zoo.unload("face")
    assert (on.of("face").state, on.zoo.status().used_bytes) == (State.ABSENT, 0)
    assert on.triton.memory_of("face") == 0
    on.zoo.unload("face")
    assert on.triton.unloads == ["face"]


def test_a_model_in_use_drains_first_and_grants_no_lease_meanwhile() -> None:
    on = stage({"face": 100}, 200)
    user = on.asker("face")
    user.leased()
    unloading = threading.Thread(target=on.zoo.unload, args=("face",), daemon=True)
    unloading.start()
    on.until_state("face", State.DRAINING)
    late = on.asker("face")
    on.until(lambda: on.of("face").waiting == 1)
    assert on.triton.unloads == []
    user.stop()
    late.leased()  # of the second load
    unloading.join(10)
    assert not unloading.is_alive()
    assert on.triton.loads == ["face", "face"]
    late.stop()


def test_a_model_that_is_used_until_the_deadline_stays() -> None:
    on = stage({"face": 100}, 200)
    with on.zoo.lease("face"):
        with pytest.raises(ZooBusy, match="face stays: it was in use all the time"):
            on.zoo.unload("face", deadline_s=on.in_s(0))
        with on.zoo.lease("face"):
            assert on.of("face").leases == 2
    assert on.triton.unloads == []


def test_unloading_takes_the_pin_off() -> None:
    on = stage({"face": 100}, 200)
    on.zoo.load("face")
    on.zoo.pin("face")
    on.zoo.unload("face")
    assert (on.of("face").pinned, on.of("face").state) == (False, State.ABSENT)


def test_what_was_idle_for_long_is_unloaded_and_named() -> None:
    on = stage({"old": 100, "used": 100, "new": 100}, 400)
    on.zoo.load("old")
    with on.zoo.lease("used"):
        on.clock.advance(300.5)
        on.zoo.load("new")
        assert on.zoo.idle_cleanup() == ["old"]
    on.until_state("old", State.ABSENT)
    assert on.triton.ready() == {"used", "new"}


def test_a_plan_says_who_would_go_and_how_long_it_takes_and_changes_nothing() -> None:
    on = stage({"a": 100, "b": 100}, 150, known={"b": Measured(load_s=3.0)})
    on.zoo.load("b")
    on.zoo.load("a")
    assert on.zoo.plan("a") == LoadPlan("a", State.READY, (), 0.0, None)
    on.zoo.unload("a")
    on.zoo.load("a")
    plan = on.zoo.plan("b")
    # 3 s known and 1 s measured since make 2 s; the unload was measured as well.
    assert (plan.evicts, plan.why_not) == (("a",), None)
    assert plan.expected_s == pytest.approx(2.1, abs=0.05)
    assert on.triton.ready() == {"a"}


def test_a_plan_says_why_it_cannot_be() -> None:
    on = stage({"a": 100, "b": 100, "huge": 900, "off": 10}, 150, disabled=("off",))
    with on.zoo.lease("a"):
        assert on.zoo.plan("b").why_not == "50 MB are missing; in use: a."
    assert on.zoo.plan("huge").why_not == (
        "huge can never be loaded. It needs 900 MB; the budget is 150 MB, of which 0 MB are pinned."
    )
    assert on.zoo.plan("off").why_not == "The model off is switched off."


def test_a_plan_for_a_load_that_goes_on_says_how_long_it_still_takes() -> None:
    on = stage({"a": 100}, 150, known={"a": Measured(load_s=5.0)})
    gate = on.triton.models["a"].gate = threading.Event()
    asker = on.asker("a")
    on.until_state("a", State.LOADING)
    on.clock.advance(2)
    assert on.zoo.plan("a") == LoadPlan("a", State.LOADING, (), 3.0, None)
    gate.set()
    asker.leased()
    asker.stop()


def test_the_status_has_the_sums() -> None:
    on = stage({"a": 100, "b": 300}, 400)
    on.zoo.load("a")
    status = on.zoo.status()
    assert (status.budget_bytes, status.used_bytes) == (400 * MB, 100 * MB)
    assert (status.available_bytes, status.utilization_ratio) == (300 * MB, 0.25)
    assert (status.pending, status.lost_because, status.restart_advised) == ((), None, False)


def test_what_was_measured_can_be_handed_to_the_next_zoo() -> None:
    on = stage({"a": 100}, 400)
    on.triton.models["a"].holds_bytes = 130 * MB
    on.zoo.load("a")
    known = on.zoo.measured()
    assert known == {"a": Measured(130 * MB, 1.0)}
    assert stage({"a": 100}, 400, known=known).of("a").size_bytes == 130 * MB


def test_a_model_that_outgrows_its_size_is_unloaded_and_that_is_no_news_of_its_size() -> None:
    notes = Notes()
    on = stage({"a": 100}, 400, observer=notes)
    on.zoo.load("a")
    on.triton.grow("a", 60 * MB)
    on.zoo.tend()
    on.until_state("a", State.ABSENT)
    assert ("outgrew", "a", 160 * MB) in notes.lines
    assert on.of("a").size_bytes == 100 * MB


def test_a_model_that_grows_a_little_is_charged_and_idle_ones_go_if_that_is_too_much() -> None:
    on = stage({"a": 100, "b": 100}, 200)
    on.zoo.load("b")
    with on.zoo.lease("a"):
        on.triton.grow("a", 20 * MB)
        on.zoo.tend()
        on.until_state("b", State.ABSENT)
        assert (on.of("a").charged_bytes, on.zoo.status().used_bytes) == (120 * MB, 120 * MB)


def test_an_observer_is_told_of_hits_misses_loads_and_evictions() -> None:
    notes = Notes()
    on = stage({"a": 100, "b": 100}, 150, observer=notes)
    on.zoo.load("a")
    on.zoo.load("a")
    on.clock.advance(5)
    on.zoo.load("b")
    assert notes.lines[:4] == [
        ("loaded", "a", 1.0, None),
        ("leased", "a", 1.0),
        ("leased", "a", None),
        ("evicted", "a", 5.0),
    ]
