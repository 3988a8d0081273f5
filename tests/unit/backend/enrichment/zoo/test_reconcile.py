"""What is believed, corrected by the server's index."""

import pytest

from backend.enrichment.zoo.states import State
from backend.errors import TritonUnavailable
from tests.unit.backend.enrichment.zoo.stage import MB, stage


def test_a_restarted_server_has_nothing_resident() -> None:
    on = stage({"a": 100, "b": 100}, 200)
    on.zoo.load("a")
    with on.zoo.lease("b"):
        on.triton.restart()
        assert set(on.zoo.reconcile()) == {"a", "b"}
        on.until_nothing_moves()
        assert set(on.states().values()) == {State.ABSENT}
        assert on.zoo.status().used_bytes == 0
        on.zoo.load("b")
    assert (on.of("b").state, on.of("b").leases) == (State.READY, 0)


def test_what_an_earlier_zoo_left_behind_is_taken_over_and_charged() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 200)
    on.triton.load("a")
    assert on.zoo.reconcile() == ("a",)
    assert on.zoo.status().used_bytes == 100 * MB
    assert on.zoo.reconcile() == ()
    on.zoo.load("b")
    on.zoo.load("c")
    assert on.triton.twice == []
    assert on.triton.most_bytes == 200 * MB


def test_what_an_earlier_zoo_left_beyond_the_budget_is_unloaded() -> None:
    on = stage({"a": 100, "b": 100, "c": 100}, 200)
    for name in "abc":
        on.triton.load(name)
    on.zoo.reconcile()
    on.until_nothing_moves()
    assert len(on.triton.ready()) == 2
    assert on.zoo.status().used_bytes == 200 * MB


def test_a_disabled_model_that_is_resident_is_unloaded() -> None:
    on = stage({"a": 100}, 200, disabled=("a",))
    on.triton.load("a")
    on.zoo.reconcile()
    on.until_state("a", State.ABSENT)
    assert on.triton.ready() == set()


def test_models_that_are_not_the_zoos_are_left_alone() -> None:
    on = stage({"a": 100}, 200)
    on.triton.models["quality"] = on.triton.models["a"]
    on.triton.load("quality")
    assert on.zoo.reconcile() == ()
    assert on.triton.unloads == []


def test_a_model_that_moved_on_meanwhile_is_newer_than_the_index() -> None:
    on = stage({"a": 100}, 200)
    on.triton.after_index = lambda: on.zoo.load("a")
    assert on.zoo.reconcile() == ()
    on.triton.after_index = lambda: on.zoo.unload("a")
    assert on.zoo.reconcile() == ()
    assert on.states() == {"a": State.ABSENT}


def test_a_server_that_does_not_tell_is_noted_and_nothing_is_believed_of_it() -> None:
    on = stage({"a": 100}, 200)
    on.zoo.load("a")
    on.triton.crash()
    with pytest.raises(TritonUnavailable):
        on.zoo.reconcile()
    assert on.zoo.status().lost_because == "Triton cannot be reached."
    assert on.of("a").state is State.READY
