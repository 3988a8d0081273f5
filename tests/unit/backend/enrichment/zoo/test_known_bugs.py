"""What other systems of this kind were caught at, each once."""

import threading

import pytest

from backend.enrichment.zoo.states import State
from backend.errors import ModelFailed, ModelTooLarge, TritonUnavailable, ZooBusy
from tests.unit.backend.enrichment.zoo.stage import MB, Stage, stage


def test_a_model_that_is_asked_for_while_it_is_evicted_comes_back() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 200)
    on.zoo.load("a")
    on.clock.advance(1)
    on.zoo.load("b")
    on.clock.stand_still()
    c = on.asker("c")
    on.until(lambda: on.triton.unloads == ["a"])
    a = on.asker("a")
    on.until(lambda: on.of("a").waiting == 1)
    assert on.of("a").state is State.UNLOADING
    on.clock.run_on()
    c.leased()
    a.leased()
    assert (on.triton.ready(), on.triton.twice) == ({"a", "c"}, [])
    a.stop()
    c.stop()


def test_a_model_that_can_never_fit_evicts_nobody_however_often_it_is_asked_for() -> None:
    on = stage({"a": 100, "b": 100, "huge": 500}, 200)
    on.zoo.load("a")
    on.zoo.load("b")
    for _ in range(3):
        with pytest.raises(ModelTooLarge, match="500 MB; the budget is 200 MB"):
            on.zoo.load("huge")
    assert on.triton.unloads == []
    assert on.zoo.status().pending == ()


def test_a_busy_victim_holds_up_only_who_needs_its_room() -> None:
    on = stage({"busy": 150, "large": 100, "small": 50}, 200)
    with on.zoo.lease("busy"):
        large = on.asker("large")
        on.until(lambda: on.zoo.status().pending == ("large",))
        on.zoo.load("small")
        assert large.answers == []
    large.leased()
    large.stop()


def test_a_victim_that_never_leaves_does_not_stop_the_others() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 200)
    on.zoo.load("a")
    on.clock.advance(1)
    on.zoo.load("b")
    on.triton.models["a"].clings = True
    on.zoo.load("c", deadline_s=on.in_s(1000))  # once "a" is known to be stuck, "b" goes
    assert on.states() == {"a": State.STUCK, "b": State.ABSENT, "c": State.READY}
    assert on.triton.most_bytes == 200 * MB
    on.triton.models["a"].clings = False
    on.zoo.tend()
    on.until_state("a", State.ABSENT)


def test_who_waits_for_memory_when_the_server_crashes_is_answered_and_nothing_stalls() -> None:
    on = stage({"a": 100, "b": 100}, 150)
    on.zoo.load("a")
    on.clock.stand_still()
    b = on.asker("b")
    on.until(lambda: on.triton.unloads == ["a"])
    on.triton.crash()
    on.clock.run_on()
    assert isinstance(b.answer(), TritonUnavailable)
    on.triton.restart()
    on.zoo.load("b", deadline_s=on.in_s(30))
    assert on.triton.ready() == {"b"}
    b.stop()


def test_an_unload_that_was_only_accepted_frees_nothing_yet() -> None:
    on = stage({"a": 100, "b": 100}, 150)
    on.zoo.load("a")
    on.triton.models["a"].unload_s = 5.0
    on.zoo.load("b")
    assert on.triton.most_bytes == 100 * MB


def test_memory_that_lags_behind_unloaded_is_waited_for() -> None:
    on = stage({"a": 100, "b": 100}, 150)
    on.zoo.load("a")
    on.triton.models["a"].keeps_bytes = 100 * MB
    on.triton.gives_back_after_s = 2.0
    on.zoo.load("b")
    assert (on.triton.most_bytes, on.zoo.status().quarantined_bytes) == (100 * MB, 0)


def test_load_use_and_unload_by_several_callers_never_meet() -> None:
    on = stage({"a": 100, "b": 100}, 150)
    wrong: list[str] = []

    def use(name: str) -> None:
        for _ in range(20):
            with on.zoo.lease(name, deadline_s=on.in_s(10**6)):
                if name not in on.triton.ready():
                    wrong.append(name)

    threads = [threading.Thread(target=use, args=(name,), daemon=True) for name in "abab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert (wrong, on.triton.twice) == ([], [])
    assert on.triton.most_bytes == 100 * MB


def test_a_model_that_keeps_failing_is_not_loaded_over_and_over() -> None:
    on = stage({"a": 100}, 150)
    on.triton.models["a"].fails = ["damaged"] * 1000
    for _ in range(50):
        with pytest.raises(ModelFailed):
            on.zoo.load("a")
        on.until_nothing_moves()
    assert len(on.triton.loads) == 3


def test_a_model_is_charged_for_its_peak_after_it_shrank() -> None:
    on = stage({"a": 100, "b": 80}, 200)
    on.triton.models["a"].holds_bytes = 130 * MB
    on.zoo.load("a")
    on.triton.grow("a", -60 * MB)
    on.zoo.tend()
    assert on.of("a").charged_bytes == 130 * MB
    on.zoo.load("b")
    assert on.triton.ready() == {"b"}


def test_a_nested_lease_is_granted_while_the_model_drains_for_the_outer_one() -> None:
    on = stage({"a": 100}, 150)
    unloading = threading.Thread(target=on.zoo.unload, args=("a",), daemon=True)
    with on.zoo.lease("a"):
        unloading.start()
        on.until_state("a", State.DRAINING)
        with on.zoo.lease("a", deadline_s=on.in_s(0)) as inner:
            assert inner.waited_s is None
    unloading.join(10)
    assert on.of("a").state is State.ABSENT


def test_two_requests_that_each_hold_what_the_other_needs_are_both_answered() -> None:
    on = stage({"a": 100, "b": 100, "c": 100, "d": 100}, 200)
    answers: list[object] = []
    both_hold = threading.Barrier(2)

    def ask(first: str, second: str) -> None:
        with on.zoo.lease(first):
            both_hold.wait(10)
            try:
                with on.zoo.lease(second, deadline_s=on.in_s(5)):
                    answers.append(second)
            except ZooBusy as error:
                answers.append(type(error))

    threads = [
        threading.Thread(target=ask, args=pair, daemon=True) for pair in (("a", "c"), ("b", "d"))
    ]
    for thread in threads:
        thread.start()
    on.until(lambda: on.of("c").waiting + on.of("d").waiting == 2)
    on.clock.advance(5)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert ZooBusy in answers
    assert len(answers) == 2


def test_the_lock_is_never_held_while_the_server_or_the_driver_is_asked() -> None:
    on = stage({"a": 100, "b": 100}, 150, driver_mb=300)
    held = _note_a_held_lock(on)
    on.zoo.load("a")
    on.zoo.load("b")
    on.zoo.tend()
    on.zoo.unload("b")
    on.triton.models["a"].fails = ["out of memory", "damaged"]
    with pytest.raises(ModelFailed):
        on.zoo.load("a")
    on.until_nothing_moves()
    assert held == []
    assert on.triton.calls > 10


def _note_a_held_lock(on: Stage) -> list[str]:
    """Every call tries to take the zoo's lock, which a thread that has it would not get."""
    held: list[str] = []
    lock = on.zoo._keeper.lock

    def check() -> None:
        if not lock.acquire(timeout=2):
            held.append("held")
        else:
            lock.release()

    on.triton.on_call = check
    return held
