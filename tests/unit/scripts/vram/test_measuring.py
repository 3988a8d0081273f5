"""One model is loaded, asked and unloaded; a Triton made up for the test."""

import numpy as np
import pytest

from backend.errors import TritonFailed
from scripts._stack import Interrupted
from scripts.vram.measuring import batch_of, measure
from scripts.vram.probe import Source
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import Trouble
from tests.unit.scripts.vram.fake import MB, Behaviour, FakeTriton, probe_of, spec_of, triton_of

NAME = "osnet-x0-25"
OUT_OF_MEMORY = TritonFailed(
    "The model failed. It says: [StatusCode.INTERNAL] load failed for model 'osnet-x0-25': version "
    "1 is at UNAVAILABLE state: Internal: OutOfMemoryError: CUDA out of memory. Tried to allocate "
    "2.00 GiB. GPU 0 has a total capacity of 11.76 GiB of which 1.2 GiB is free.\n\nAt:\n model.py"
)


def measured(
    triton: FakeTriton, *, name: str = NAME, source: Source = Source.NVML, requests: int = 1
) -> BenchmarkResult:
    steps: list[str] = []
    return measure(
        spec_of(name),
        triton,
        probe_of(triton, source),
        weights="of the folder",
        requests=requests,
        clock=triton.clock,
        step=steps.append,
    )


def test_every_figure_of_a_model_is_measured() -> None:
    triton = triton_of(osnet_x0_25=Behaviour(holds_mb=90, grows_mb=5, max_batch_size=8))
    result = measured(triton, requests=2)
    assert result == BenchmarkResult(
        name=NAME,
        category="embedding",
        estimated_bytes=100 * MB,
        baseline_bytes=400 * MB,
        weights="stand-in",
        load_s=0.5,
        loaded_bytes=90 * MB,
        batch_1_bytes=95 * MB,
        largest_batch=8,
        largest_batch_bytes=130 * MB,
        unload_s=0.25,
        left_bytes=0,
    )
    assert (result.success, result.actual_bytes) == (True, 130 * MB)
    assert triton.asked == [(NAME, 1), (NAME, 1), (NAME, 8), (NAME, 8)]


def test_where_one_picture_is_the_largest_batch_it_is_sent_once() -> None:
    triton = triton_of(osnet_x0_25=Behaviour(grows_mb=5, max_batch_size=0))
    result = measured(triton)
    assert triton.asked == [(NAME, 1)]
    assert result.largest_batch == 1
    assert result.largest_batch_bytes == result.batch_1_bytes == 105 * MB


def test_where_the_driver_does_not_tell_processes_the_whole_gpu_is_compared() -> None:
    triton = triton_of(osnet_x0_25=Behaviour(holds_mb=90, keeps_mb=40))
    triton.tells_processes = False
    result = measured(triton)
    assert result.by_difference
    assert result.actual_bytes == 90 * MB
    assert result.left_bytes == 40 * MB


def test_on_the_host_what_cannot_be_seen_is_unknown_and_said() -> None:
    triton = triton_of(osnet_x0_25=Behaviour(holds_mb=90))
    triton.tells_processes = False
    result = measured(triton, source=Source.HOST)
    assert not result.by_difference
    assert (result.actual_bytes, result.left_bytes) == (None, None)
    assert (result.success, result.trouble) == (True, Trouble.NOTHING_SEEN)


def test_a_model_that_is_said_to_need_none_may_hold_nothing() -> None:
    triton = triton_of(brisque_quality=Behaviour(holds_mb=0))
    assert measured(triton, name="brisque-quality").trouble is None


def test_memory_that_does_not_come_back_is_said() -> None:
    triton = triton_of(osnet_x0_25=Behaviour(keeps_mb=60))
    began_s = triton.clock.at_s
    result = measured(triton)
    assert (result.left_bytes, result.trouble) == (60 * MB, Trouble.KEPT)
    assert result.success
    assert triton.clock.at_s - began_s > 5  # it was given time


def test_a_load_that_runs_out_of_memory_is_told_in_the_backend_s_words() -> None:
    triton = triton_of(osnet_x0_25=Behaviour(load_error=OUT_OF_MEMORY))
    result = measured(triton)
    assert result.trouble is Trouble.OUT_OF_MEMORY
    assert result.error is not None
    assert result.error.startswith("Out of memory: OutOfMemoryError: CUDA out of memory. Tried")
    assert len(result.error) == 100
    assert (result.load_s, result.loaded_bytes, result.unload_s) == (None, None, None)
    assert result.weights == "of the folder"
    assert result.left_bytes == 0


def test_what_was_measured_before_the_largest_batch_failed_is_kept() -> None:
    error = TritonFailed("The model failed. It says: failed to allocate 4 GB")
    triton = triton_of(osnet_x0_25=Behaviour(grows_mb=5, infer_error=error, fails_at_batch=4))
    result = measured(triton)
    assert result.error == "Out of memory: failed to allocate 4 GB"
    assert (result.batch_1_bytes, result.largest_batch_bytes) == (105 * MB, None)
    assert result.left_bytes == 0
    assert triton.states[NAME] == "UNAVAILABLE: unloaded"


def test_a_model_that_no_repository_has_is_not_loaded() -> None:
    triton = triton_of(paddleocr=Behaviour())
    result = measured(triton)
    assert result.trouble is Trouble.MISSING
    assert result.error == "Model not found: no repository of this Triton has it."
    assert triton.states == {}


def test_a_model_that_another_has_loaded_is_left_alone() -> None:
    triton = triton_of(osnet_x0_25=Behaviour())
    triton.load(NAME)
    result = measured(triton)
    assert result.error == "Loaded already: another has loaded it, and may be using it."
    assert result.trouble is Trouble.LOADED
    assert triton.states == {NAME: "READY"}


def test_a_server_that_dies_while_it_loads_is_told() -> None:
    triton = triton_of(osnet_x0_25=Behaviour())
    triton.dies = True
    result = measured(triton)
    assert (result.error, result.trouble) == ("Triton cannot be reached.", Trouble.UNREACHABLE)


def test_an_unload_that_never_ends_is_told() -> None:
    triton = triton_of(osnet_x0_25=Behaviour())
    triton.unload = lambda name: None  # type: ignore[method-assign]
    result = measured(triton)
    assert result.trouble is Trouble.UNDECIDED
    assert result.error == "Triton is still at it: Triton is still unloading it after 30 s."
    assert result.actual_bytes == 100 * MB


@pytest.mark.parametrize("during", ["load", "infer"])
def test_a_model_is_not_left_behind_by_ctrl_c(during: str) -> None:
    stop = Interrupted(2)
    error = {"load_error": stop} if during == "load" else {"infer_error": stop}
    triton = triton_of(osnet_x0_25=Behaviour(**error))  # type: ignore[arg-type]
    with pytest.raises(Interrupted):
        measured(triton)
    assert triton.states[NAME] == "UNAVAILABLE: unloaded"


@pytest.mark.parametrize("name", ["osnet-x0-25", "brisque-quality", "fashion-clip", "xclip-base"])
def test_a_batch_has_each_input_as_often_as_it_is_large(name: str) -> None:
    spec = spec_of(name)
    one, three = batch_of(spec, 1), batch_of(spec, 3)
    assert set(three) == {tensor.name for tensor in spec.inputs}
    for key, values in three.items():
        assert values.shape == (3, *one[key].shape[1:])
        for row in values:
            np.testing.assert_array_equal(row, one[key][0])
