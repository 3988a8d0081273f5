"""Leases: what a caller gets, when it waits, and what it is refused with."""

import threading

import pytest

from backend.enrichment.zoo.states import Measured, Priority, State
from backend.errors import ModelDisabled, ModelTooLarge, UnknownModel, ZooBusy
from tests.unit.backend.enrichment.zoo.stage import MB, stage


def test_a_model_is_loaded_when_it_is_asked_for_and_stays() -> None:
    on = stage({"face": 100}, 200)
    with on.zoo.lease("face") as first:
        assert first.waited_s == 1.0
        assert on.of("face").leases == 1
    with on.zoo.lease("face") as second:
        assert (second.model.name, second.waited_s) == ("face", None)
    assert on.triton.loads == ["face"]
    assert (on.of("face").state, on.of("face").leases) == (State.READY, 0)


def test_leases_nest_and_the_last_release_makes_the_model_idle() -> None:
    on = stage({"face": 100}, 200)
    with on.zoo.lease("face"):
        with on.zoo.lease("face"):
            assert on.of("face").leases == 2
        assert (on.of("face").leases, on.of("face").idle_s) == (1, None)
    on.clock.advance(7)
    assert (on.of("face").leases, on.of("face").idle_s) == (0, 7)


def test_a_lease_ends_with_its_block_however_that_ends() -> None:
    on = stage({"face": 100}, 200)
    with pytest.raises(ZeroDivisionError), on.zoo.lease("face"):
        _ = 1 / 0
    assert on.of("face").leases == 0


def test_room_is_made_by_evicting_the_least_recently_used() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 200)
    on.zoo.load("a")
    on.zoo.load("b")
    on.clock.advance(5)
    on.zoo.load("a")
    on.zoo.load("c")
    assert on.states() == {"a": State.READY, "b": State.ABSENT, "c": State.READY}
    assert on.triton.ready() == {"a", "c"}


def test_however_many_ask_there_is_one_load() -> None:
    on = stage({"face": 100}, 200)
    gate = on.triton.models["face"].gate = threading.Event()
    askers = [on.asker("face") for _ in range(8)]
    on.until(lambda: on.of("face").waiting == 8)
    gate.set()
    assert all(asker.leased().waited_s == 1.0 for asker in askers)
    assert (on.triton.loads, on.of("face").leases) == (["face"], 8)
    for asker in askers:
        asker.stop()


def test_loads_go_on_at_once_where_their_sum_fits_and_one_after_another_where_not() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 200)
    gates = {name: threading.Event() for name in "abc"}
    for name, gate in gates.items():
        on.triton.models[name].gate = gate
    a, b = on.asker("a"), on.asker("b")
    on.until(lambda: len(on.triton.loads) == 2)
    c = on.asker("c")
    on.until(lambda: on.zoo.status().pending == ("c",))
    gates["a"].set()
    a.leased()
    assert "c" not in on.triton.loads
    gates["c"].set()
    a.stop()  # idle now, so that it can go
    c.leased()
    assert on.triton.most_bytes == 200 * MB
    gates["b"].set()
    b.leased()
    b.stop()
    c.stop()


def test_an_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(UnknownModel, match="There is no model 'fase' in the zoo"):
        stage({"face": 100}, 200).zoo.lease("fase")


def test_a_disabled_model_is_refused_and_not_loaded() -> None:
    on = stage({"face": 100}, 200, disabled=("face",))
    with pytest.raises(ModelDisabled, match="face is switched off"), on.zoo.lease("face"):
        pass
    assert on.triton.loads == []


def test_everything_busy_is_refused_at_the_deadline_saying_who() -> None:
    on = stage({"a": 100, "b": 100}, 150, known={"b": Measured(load_s=3.0)})
    with on.zoo.lease("a"):
        asker = on.asker("b", deadline_in_s=10)
        on.until(lambda: on.of("b").waiting == 1)
        on.clock.advance(9)
        assert asker.answers == []
        on.clock.advance(1)
        answer = asker.answer()
        assert on.zoo.status().pending == ()
    assert isinstance(answer, ZooBusy)
    assert str(answer) == "b cannot be loaded now: 50 MB are missing; in use: a."
    assert answer.retry_after_s == 3.0


def test_a_lease_that_ends_lets_the_next_one_in() -> None:
    on = stage({"a": 100, "b": 100}, 150)
    a = on.asker("a")
    a.leased()
    b = on.asker("b")
    on.until(lambda: on.of("b").waiting == 1)
    a.stop()
    b.leased()
    b.stop()


def test_who_waits_less_than_a_load_takes_is_told_so_at_once_and_finds_it_later() -> None:
    on = stage({"face": 100}, 200, known={"face": Measured(load_s=8.0)})
    gate = on.triton.models["face"].gate = threading.Event()
    with pytest.raises(ZooBusy, match=r"about 8\.0 s more to load") as refused:
        on.zoo.load("face", deadline_s=on.in_s(2))
    assert refused.value.retry_after_s == 8.0
    gate.set()
    on.until_state("face", State.READY)
    with on.zoo.lease("face", deadline_s=on.in_s(2)) as lease:
        assert lease.waited_s is None


def test_who_comes_in_the_middle_of_a_load_is_told_the_rest_of_it() -> None:
    on = stage({"face": 100}, 200, known={"face": Measured(load_s=8.0)})
    gate = on.triton.models["face"].gate = threading.Event()
    asker = on.asker("face")
    on.until_state("face", State.LOADING)
    on.clock.advance(5)
    with pytest.raises(ZooBusy) as refused:
        on.zoo.load("face", deadline_s=on.in_s(2))
    assert refused.value.retry_after_s == 3.0
    gate.set()
    asker.leased()
    asker.stop()


def test_what_only_just_came_is_not_pushed_out_at_once() -> None:
    on = stage({"a": 100, "b": 100}, 150, minimum_residence_s=20)
    on.zoo.load("a")
    with pytest.raises(ZooBusy, match="loaded only just now: a") as refused:
        on.zoo.load("b", deadline_s=on.in_s(10))
    assert refused.value.retry_after_s == 20
    assert on.triton.unloads == []
    on.clock.advance(20)
    on.zoo.load("b")
    assert on.triton.ready() == {"b"}


def test_a_waiting_caller_gets_its_turn_when_the_others_are_old_enough() -> None:
    on = stage({"a": 100, "b": 100}, 150, minimum_residence_s=20)
    on.zoo.load("a")
    b = on.asker("b", deadline_in_s=30)
    on.until(lambda: on.of("b").waiting == 1)
    on.clock.advance(20)
    b.leased()
    b.stop()


def test_the_critical_model_stays_while_others_can_make_room() -> None:
    on = stage(
        {"threat": 100, "depth": 100, "pose": 150},
        250,
        priorities={"threat": Priority.CRITICAL, "depth": Priority.LOW},
    )
    on.zoo.load("threat")
    on.clock.advance(100)
    on.zoo.load("depth")
    on.zoo.load("pose")
    assert on.triton.ready() == {"threat", "pose"}


def test_a_pinned_model_is_never_evicted_nor_cleaned_up_until_it_is_unpinned() -> None:
    on = stage({"a": 100, "b": 100, "c": 200}, 250)
    on.zoo.load("a")
    on.zoo.pin("a")
    on.clock.advance(1000)
    assert on.zoo.idle_cleanup() == []
    with pytest.raises(ModelTooLarge, match="c can never be loaded"):
        on.zoo.load("c")
    assert on.triton.unloads == []
    with pytest.raises(ModelTooLarge):
        on.zoo.pin("c")
    on.zoo.unpin("a")
    on.zoo.load("c")
    assert on.triton.ready() == {"c"}


def test_a_request_whose_own_lease_leaves_no_room_is_not_left_to_wait_for_itself() -> None:
    on = stage({"a": 100, "b": 100}, 150)
    with (
        on.zoo.lease("a"),
        pytest.raises(ZooBusy, match="b has no room while this request uses a"),
        on.zoo.lease("b"),
    ):
        pass


def test_a_model_without_gpu_memory_is_loaded_into_a_full_zoo_and_evicts_nobody() -> None:
    on = stage({"a": 100, "brisque": 0}, 100)
    with on.zoo.lease("a"), on.zoo.lease("brisque"):
        assert on.zoo.status().used_bytes == 100 * MB
    assert on.triton.ready() == {"a", "brisque"}


def test_what_the_driver_lacks_is_not_given_out_though_the_budget_has_it() -> None:
    on = stage({"a": 100, "b": 100}, 300, driver_mb=150)
    on.zoo.load("a")
    on.zoo.load("b")
    assert on.triton.ready() == {"b"}
    assert on.triton.most_bytes == 100 * MB
