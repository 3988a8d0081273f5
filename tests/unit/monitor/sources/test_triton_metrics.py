from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import FAILURES, CounterKey, ModelCounters, ModelKey, Snapshot
from monitor.sources.triton_metrics import parse
from tests.unit.monitor.sources.triton_text import triton_text

SUCCESS = CounterKey("nv_inference_request_success")
MODEL = ModelKey("capture_quality", "1")


def test_counters_and_the_gauge_are_keyed_by_family_model_and_version() -> None:
    text = triton_text(
        {"inference_request_success": 3, "inference_queue_duration_us": 239},
        failures={"REJECTED": 2, "OTHER": 0},
        pending=4,
    )
    assert parse(text, 5.0) == Snapshot(
        5.0,
        {
            MODEL: ModelCounters(
                {
                    SUCCESS: 3,
                    CounterKey("nv_inference_queue_duration_us"): 239,
                    CounterKey(FAILURES, "REJECTED"): 2,
                    CounterKey(FAILURES, "OTHER"): 0,
                },
                4,
            )
        },
    )


def test_a_model_on_two_gpus_is_summed() -> None:
    one = triton_text({"inference_request_success": 3}, extra_labels='gpu_uuid="GPU-a",', pending=1)
    two = triton_text({"inference_request_success": 4}, extra_labels='gpu_uuid="GPU-b",', pending=2)
    assert parse(one + two, 0.0).models == {MODEL: ModelCounters({SUCCESS: 7}, 3)}


def test_versions_of_a_model_stay_apart() -> None:
    one = triton_text({"inference_request_success": 3}, pending=None)
    two = one.replace('version="1"', 'version="2"').replace("} 3", "} 8")
    assert parse(one + two, 0.0).models == {
        MODEL: ModelCounters({SUCCESS: 3}),
        ModelKey("capture_quality", "2"): ModelCounters({SUCCESS: 8}),
    }


def test_other_metrics_and_numbers_that_are_none_are_left_out() -> None:
    text = "# TYPE nv_cpu_utilization gauge\nnv_cpu_utilization 0.5\n"
    nan = triton_text({"inference_request_success": 1}, pending=None).replace("} 1", "} NaN")
    assert parse(text + nan, 0.0).models == {}
    assert parse("", 0.0).models == {}


@given(st.text(max_size=200))
def test_any_text_is_either_metrics_or_a_value_error(text: str) -> None:
    try:
        parsed = parse(text, 0.0)
    except ValueError:
        return
    assert parsed.monotonic_s == 0.0
