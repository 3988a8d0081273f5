"""Charges, what did not come back, and what is free."""

from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.zoo.ledger import Ledger
from backend.enrichment.zoo.states import Priority, ZooModel


def model(name: str, estimate_bytes: int) -> ZooModel:
    return ZooModel(name, Priority.MEDIUM, estimate_bytes)


FACE = model("face", 200)
ON_THE_CPU = model("brisque", 0)


def test_the_larger_of_estimate_and_measured_peak_is_charged() -> None:
    ledger = Ledger(1000, {"face": 150, "pose": 300})
    assert ledger.size_bytes(FACE) == 200
    assert ledger.size_bytes(model("pose", 100)) == 300
    ledger.charge(FACE)
    assert (ledger.charged_bytes, ledger.free_bytes) == (200, 800)


def test_a_model_without_gpu_memory_is_never_charged_whatever_it_holds() -> None:
    ledger = Ledger(1000)
    ledger.charge(ON_THE_CPU)
    ledger.observe(ON_THE_CPU, 500)
    ledger.charge(ON_THE_CPU)
    ledger.release(ON_THE_CPU, 500)
    assert (ledger.size_bytes(ON_THE_CPU), ledger.charged_bytes) == (0, 0)
    assert ledger.peak_of("brisque") == 500


def test_one_that_holds_more_than_expected_is_charged_for_it_from_then_on() -> None:
    ledger = Ledger(1000)
    ledger.charge(FACE)
    ledger.observe(FACE, 350)
    ledger.observe(FACE, 100)
    assert (ledger.charged_bytes, ledger.peak_of("face")) == (350, 350)
    ledger.release(FACE, 0)
    assert (ledger.charged_bytes, ledger.size_bytes(FACE)) == (0, 350)


def test_what_did_not_come_back_stays_charged_until_it_does() -> None:
    ledger = Ledger(1000)
    ledger.charge(FACE)
    ledger.release(FACE, 60)
    assert (ledger.quarantined_of("face"), ledger.free_bytes) == (60, 940)
    ledger.charge(FACE)
    ledger.observe(FACE, 260)  # the old 60 and its own 200
    assert (ledger.charged_bytes, ledger.peak_of("face")) == (260, 200)
    ledger.release(FACE, 0)
    assert (ledger.quarantined_bytes, ledger.free_bytes) == (0, 1000)


def test_memory_that_nobody_can_measure_is_believed_to_have_come_back() -> None:
    ledger = Ledger(1000)
    ledger.charge(FACE)
    ledger.release(FACE, None)
    assert ledger.free_bytes == 1000


def test_what_the_driver_has_less_of_than_the_budget_counts() -> None:
    ledger = Ledger(1000)
    ledger.charge(FACE)
    ledger.driver_saw(300)
    assert ledger.free_bytes == 300
    ledger.charge(model("pose", 100))
    assert ledger.free_bytes == 200  # before anybody asked the driver again
    ledger.release(FACE, 0)
    assert ledger.free_bytes == 400
    ledger.driver_saw(5000)
    assert ledger.free_bytes == 900


def test_what_is_held_beyond_the_budget_is_known() -> None:
    ledger = Ledger(250)
    ledger.charge(FACE)
    assert ledger.overdrawn_bytes == 0
    ledger.observe(FACE, 300)
    assert (ledger.overdrawn_bytes, ledger.free_bytes) == (50, -50)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["charge", "release"]))))
def test_the_sum_is_that_of_the_models_charged(history: list[tuple[str, str]]) -> None:
    models = {name: model(name, 10 * (number + 1)) for number, name in enumerate("abc")}
    ledger, charged = Ledger(100), set[str]()
    for name, what in history:
        if what == "charge":
            ledger.charge(models[name])
            charged.add(name)
        else:
            ledger.release(models[name], 0)
            charged.discard(name)
    assert ledger.charged_bytes == sum(models[name].estimate_bytes for name in charged)
