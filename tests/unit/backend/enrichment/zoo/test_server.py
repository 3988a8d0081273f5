"""Commands and their outcomes."""

import pytest

from backend.enrichment.zoo.server import Loaded, LoadFailed, ModelServer, Unknown, in_memory
from backend.enrichment.zoo.states import Policy
from backend.errors import TritonFailed
from tests.unit.backend.enrichment.zoo.fake_triton import Behaviour, FakeTriton, VirtualClock

POLICY = Policy(1000, release_tolerance_bytes=10)


@pytest.fixture
def triton() -> FakeTriton:
    triton = FakeTriton(VirtualClock())
    triton.models["face"] = Behaviour(100, load_s=1.5, unload_s=0.5)
    return triton


def server(triton: FakeTriton) -> ModelServer:
    return ModelServer(triton, triton, triton.clock, POLICY)


def test_a_load_is_timed_and_weighed(triton: FakeTriton) -> None:
    assert server(triton).load("face") == Loaded(1.5, 100)


def test_an_unload_lasts_until_the_index_says_so(triton: FakeTriton) -> None:
    server(triton).load("face")
    assert server(triton).unload("face") == pytest.approx(0.5, abs=POLICY.poll_s)
    assert triton.index() == {"face": "UNAVAILABLE: unloaded"}


def test_a_load_that_failed_while_nobody_heard_it_is_found_with_its_reason(
    triton: FakeTriton,
) -> None:
    triton.models["face"].hangs = True
    triton.after_index = lambda: triton.fail_loading("face", "damaged")
    assert server(triton).load("face") == LoadFailed("damaged")


def test_an_index_that_fails_once_is_asked_again(triton: FakeTriton) -> None:
    def fail() -> None:
        raise TritonFailed("busy")

    server(triton).load("face")
    triton.after_index = fail
    assert isinstance(server(triton).unload("face"), float)


def test_an_unload_that_never_ends_is_given_up(triton: FakeTriton) -> None:
    server(triton).load("face")
    triton.models["face"].clings = True
    assert server(triton).unload("face") == Unknown("Triton is still unloading it after 30 s.")


def test_what_is_left_is_told_after_the_time_it_has_and_a_little_does_not_count(
    triton: FakeTriton,
) -> None:
    for keeps_bytes, left_bytes in ((10, 0), (11, 11)):
        triton.restart()
        triton.models["face"].keeps_bytes = keeps_bytes
        server(triton).load("face")
        server(triton).unload("face")
        assert server(triton).left_after("face") == left_bytes


@pytest.mark.parametrize(
    ("reason", "out"),
    [
        ("CUDA out of memory. Tried to allocate 20.00 MiB", True),
        ("CUDA error: CUDA_ERROR_OUT_OF_MEMORY", True),
        ("Failed to allocate memory for requested buffer of size 4096", True),
        ("std::bad_alloc", True),
        ("no room in the file zoom.onnx", False),
        ("Load model failed: Protobuf parsing failed.", False),
    ],
)
def test_what_backends_say_when_memory_is_out(reason: str, out: bool) -> None:
    assert LoadFailed(reason).out_of_memory is out


def test_what_holds_memory_by_the_index() -> None:
    assert [
        in_memory(text) for text in ("READY", "LOADING", "UNLOADING", "UNAVAILABLE: unloaded")
    ] == [True, True, True, False]
