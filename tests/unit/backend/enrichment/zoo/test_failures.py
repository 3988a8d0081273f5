"""Loads that fail, hang or leak; a server that goes away; and how each heals."""

import threading

import pytest

from backend.enrichment.zoo.states import State
from backend.errors import ModelFailed, TritonUnavailable, ZooBusy
from tests.unit.backend.enrichment.zoo.stage import MB, stage


def test_a_failed_load_is_told_in_tritons_words_and_the_next_one_is_tried() -> None:
    on = stage({"face": 100}, 200)
    on.triton.models["face"].fails = ["the graph is damaged"]
    with pytest.raises(ModelFailed, match="face could not be loaded: the graph is damaged"):
        on.zoo.load("face")
    on.until_state("face", State.ABSENT)
    assert on.zoo.status().used_bytes == 0
    on.zoo.load("face")
    assert (on.of("face").state, on.of("face").failures) == (State.READY, 0)


def test_after_three_failures_the_model_is_left_alone_for_a_while_that_doubles() -> None:
    on = stage({"face": 100}, 200)
    on.triton.models["face"].fails = ["damaged"] * 4
    for _ in range(3):
        with pytest.raises(ModelFailed):
            on.zoo.load("face")
        on.until_nothing_moves()
    assert (on.of("face").state, on.of("face").reason) == (State.FAILED, "damaged")
    on.clock.advance(10)
    with pytest.raises(ModelFailed, match="3 times in a row and is tried again in 20 s") as refused:
        on.zoo.load("face")
    assert refused.value.retry_after_s == 20
    assert on.zoo.plan("face").why_not == str(refused.value)
    assert len(on.triton.loads) == 3
    on.clock.advance(20)
    with pytest.raises(ModelFailed):
        on.zoo.load("face")
    on.until_nothing_moves()
    assert on.of("face").retry_after_s == 60
    on.clock.advance(60)
    on.zoo.load("face")
    assert on.triton.ready() == {"face"}


def test_all_who_wait_for_a_load_that_fails_are_told_once() -> None:
    on = stage({"face": 100}, 200)
    on.triton.models["face"].fails = ["damaged"]
    gate = on.triton.models["face"].gate = threading.Event()
    askers = [on.asker("face") for _ in range(5)]
    on.until(lambda: on.of("face").waiting == 5)
    gate.set()
    assert [type(asker.answer()) for asker in askers] == [ModelFailed] * 5
    assert on.triton.loads == ["face"]


def test_out_of_memory_evicts_one_model_and_tries_once_more() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 400)
    on.zoo.load("a")
    on.clock.advance(1)
    on.zoo.load("b")
    on.triton.models["c"].fails = ["CUDA out of memory. Tried to allocate 96 MiB"]
    on.zoo.load("c")
    assert on.triton.loads == ["a", "b", "c", "c"]
    assert on.triton.unloads == ["a"]
    assert (on.of("c").failures, on.triton.ready()) == (0, {"b", "c"})


def test_out_of_memory_a_second_time_or_with_nobody_to_evict_is_a_failure() -> None:
    on = stage({"a": 100, "c": 100}, 400)
    on.triton.models["c"].fails = ["out of memory"] * 3
    with on.zoo.lease("a"), pytest.raises(ModelFailed, match="out of memory"):
        on.zoo.load("c")
    on.until_nothing_moves()
    assert on.triton.loads == ["a", "c"]
    with pytest.raises(ModelFailed, match="out of memory"):
        on.zoo.load("c")
    assert on.triton.loads == ["a", "c", "c", "c"]
    assert on.triton.unloads == ["a"]


def test_memory_that_does_not_come_back_is_charged_until_it_does() -> None:
    on = stage({"a": 100, "b": 100}, 150, quarantine_limit_bytes=50 * MB)
    on.triton.models["a"].keeps_bytes = 60 * MB
    on.zoo.load("a")
    on.zoo.unload("a")
    status = on.zoo.status()
    assert (status.quarantined_bytes, status.used_bytes) == (60 * MB, 60 * MB)
    assert status.restart_advised
    assert on.zoo.plan("b").why_not == "10 MB are missing."
    on.triton.give_memory_back("a")
    on.zoo.tend()
    assert on.zoo.status().quarantined_bytes == 0
    on.zoo.load("b")


def test_what_a_failed_load_leaves_behind_is_charged_as_well() -> None:
    on = stage({"a": 100, "b": 100}, 180)
    on.triton.models["a"].fails = ["damaged"]
    on.triton.models["a"].keeps_bytes = 30 * MB
    with pytest.raises(ModelFailed):
        on.zoo.load("a")
    on.until_nothing_moves()
    assert on.zoo.status().quarantined_bytes == 30 * MB


def test_a_load_whose_answer_got_lost_is_followed_in_the_index() -> None:
    on = stage({"face": 100}, 200)
    on.triton.models["face"].hangs = True
    on.triton.after_index = lambda: on.triton.finish_loading("face")
    on.zoo.load("face")
    assert (on.of("face").state, on.triton.loads) == (State.READY, ["face"])


def test_a_load_that_never_ends_is_stuck_stays_charged_and_heals_when_it_ends() -> None:
    on = stage({"a": 100, "b": 100}, 250)
    on.triton.models["a"].hangs = True
    with pytest.raises(ZooBusy, match=r"a: Triton is still loading it after 120 s\."):
        on.zoo.load("a", deadline_s=on.in_s(1000))
    assert (on.of("a").state, on.zoo.status().used_bytes) == (State.STUCK, 100 * MB)
    on.zoo.load("b")
    on.triton.finish_loading("a")
    assert on.zoo.reconcile() == ("a",)
    with on.zoo.lease("a") as lease:
        assert lease.waited_s is None
    assert on.triton.loads == ["a", "b"]


def test_an_unload_that_triton_refuses_leaves_the_model_in_use() -> None:
    on = stage({"a": 100}, 250)
    on.zoo.load("a")
    on.triton.refuses_unloads = True
    with pytest.raises(ZooBusy, match="it is stuck"):
        on.zoo.unload("a")
    on.zoo.tend()
    on.zoo.load("a")
    assert on.triton.loads == ["a"]


def test_while_triton_is_away_cold_models_are_refused_at_once_and_it_heals_by_itself() -> None:
    on = stage({"a": 100, "b": 100}, 250)
    on.zoo.load("a")
    on.triton.crash()
    for _ in range(2):
        with pytest.raises(TritonUnavailable, match="Triton cannot be reached"):
            on.zoo.load("b")
        on.until_nothing_moves()
    assert on.zoo.status().lost_because == "Triton cannot be reached."
    on.zoo.tend()
    on.triton.restart()
    on.zoo.load("b", deadline_s=on.in_s(30))
    on.until_nothing_moves()
    assert on.states() == {"a": State.ABSENT, "b": State.READY}
    assert on.zoo.status().lost_because is None


def test_an_error_that_nobody_foresaw_leaves_no_caller_and_no_state_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on = stage({"a": 100}, 250)
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    on.triton.breaks = True
    with pytest.raises(ZooBusy, match="ended without an outcome"):
        on.zoo.load("a")
    on.triton.breaks = False
    on.zoo.reconcile()
    on.until_state("a", State.ABSENT)
    on.zoo.load("a")
    assert seen == [RuntimeError]
