from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import ModelKey
from monitor.judgement.diagnosis import FEWEST_INTERVALS, diagnose
from monitor.sample import InstanceActivity
from tests.unit.monitor.judgement.moments import (
    SCORER,
    activity,
    busy,
    gateway,
    gpu,
    moment,
    processes,
    window,
)

WAITING = activity(queue_ms=40.0, infer_ms=5.0, pending=6)
FULL, IDLE = (busy(0.97),), (busy(0.08),)
POWER_CAP, HEAT = 0x4, 0x20

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a full GPU with a queue": (
        {"gpus": (gpu(97),), "models": (WAITING,), "instances": FULL},
        "gpu_bound",
        "The GPU is busy all the time, and requests wait for it.",
    ),
    "a GPU at its power limit": (
        {"gpus": (gpu(70, POWER_CAP),), "models": (WAITING,)},
        "gpu_bound",
        "The GPU is at its power limit (SW power cap), and requests wait for it.",
    ),
    "a hot GPU": (
        {"gpus": (gpu(70, HEAT | POWER_CAP),), "models": (WAITING,)},
        "gpu_bound",
        "Heat slows the GPU down (SW power cap, SW thermal slowdown), and requests wait for it.",
    ),
    "a hot GPU that does nothing": (
        {"gpus": (gpu(3, HEAT),), "models": (WAITING,), "instances": FULL},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "full instances without a GPU": (
        {"models": (WAITING,), "instances": FULL},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "full instances on a full machine": (
        {"models": (WAITING,), "instances": FULL, "host_cpu_percent": 99.0},
        "instances_bound",
        (
            "Requests wait for a free instance of scorer; the machine's processors are full, "
            "so more instances would not help."
        ),
    ),
    "instances that lose time between two batches": (
        {"models": (WAITING,), "instances": (busy(0.31),)},
        "instances_bound",
        (
            "Requests wait for a free instance of scorer, which loses 69 % of its time between two "
            "batches."
        ),
    ),
    "a backlog where nobody tells of the instances": (
        {"models": (WAITING,)},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "rejections hide the queue": (
        {"models": (activity(queue_ms=0.2, rejected=30),), "instances": FULL},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "a queue that stands full is all that shows of the refused": (
        {"models": (activity(queue_ms=0.2, pending=64),), "instances": FULL},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "the gateway refuses what Triton has no room for": (
        {"instances": FULL, "gateway": gateway(failures=9, rejected={"overloaded": 9})},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "the wait for Triton is in the gateway": (
        {"instances": FULL, "gateway": gateway(total_ms=90.0, triton_ms=80.0)},
        "instances_bound",
        "Requests wait for a free instance of scorer.",
    ),
    "a rate limit is no wait": (
        {"instances": IDLE, "gateway": gateway(rejected={"rate_limited": 50})},
        "under_driven",
        (
            "Triton has little to do and nothing waits for long in it: "
            "the limit lies outside of Triton."
        ),
    ),
    "inputs take longer than inference": (
        {"models": (activity(queue_ms=40.0, input_ms=9.0, infer_ms=5.0),), "instances": FULL},
        "preprocessing_bound",
        (
            "Requests wait for scorer, which takes more time to bring its inputs together than to "
            "infer."
        ),
    ),
    "the gateway decodes all the time": (
        {
            "instances": IDLE,
            "processes": processes(gateway_percent=190.0),
            "gateway": gateway(decode_ms=10.0, preprocess_ms=4.0, total_ms=30.0),
        },
        "preprocessing_bound",
        (
            "The gateway's workers are busy all the time, and more than half of that is decoding "
            "and resizing pictures."
        ),
    ),
    "the gateway is full": (
        {
            "instances": IDLE,
            "processes": processes(gateway_percent=190.0),
            "gateway": gateway(decode_ms=2.0, preprocess_ms=1.0, total_ms=30.0),
        },
        "gateway_bound",
        "The gateway's workers are busy all the time.",
    ),
    "the gateway fills the machine": (
        {
            "instances": IDLE,
            "host_cpu_percent": 98.0,
            "processes": processes(gateway_percent=120.0, triton_percent=50.0),
        },
        "gateway_bound",
        "The machine's processors are full, most of them with the gateway.",
    ),
    "the time passes in a busy gateway": (
        {
            "instances": IDLE,
            "processes": processes(gateway_percent=140.0),
            "gateway": gateway(total_ms=80.0),
        },
        "gateway_bound",
        "Most of an answer's time passes in the gateway.",
    ),
    "frames wait for a connection to an idle Triton": (
        {
            "instances": IDLE,
            "processes": processes(gateway_percent=40.0),
            "gateway": gateway(total_ms=90.0, triton_ms=80.0),
        },
        "gateway_bound",
        (
            "Frames wait in the gateway for a free connection to Triton, whose instances are not "
            "all busy: more connections would help."
        ),
    ),
    "the time passes in an idle gateway": (
        {
            "instances": IDLE,
            "processes": processes(gateway_percent=20.0),
            "gateway": gateway(total_ms=300.0),
        },
        "under_driven",
        (
            "Most of an answer's time passes in the gateway, whose workers are idle meanwhile: "
            "pictures arrive slowly."
        ),
    ),
    "the time passes in a gateway whose processes are unknown": (
        {"instances": IDLE, "gateway": gateway(total_ms=300.0)},
        "insufficient_evidence",
        (
            "Most of an answer's time passes in the gateway; whether its workers are busy is not "
            "known."
        ),
    ),
    "the batcher waits for company": (
        {
            "models": (activity(requests=20, queue_ms=100.0, batch=4, pending=4),),
            "instances": IDLE,
        },
        "under_driven",
        (
            "Requests wait for scorer although its instances are mostly idle: for the batcher's "
            "delay (max_queue_delay_microseconds), or because they come in bursts."
        ),
    ),
    "a wait where nobody tells of the instances": (
        {"models": (activity(queue_ms=40.0, pending=1),)},
        "insufficient_evidence",
        (
            "Requests wait for scorer; whether for a free instance cannot be said, as it is not "
            "known how busy its instances are."
        ),
    ),
    "a wait in the gateway where nobody tells of the instances": (
        {
            "processes": processes(gateway_percent=40.0),
            "gateway": gateway(total_ms=90.0, triton_ms=80.0),
        },
        "insufficient_evidence",
        (
            "Requests wait for scorer; whether for a free instance cannot be said, as it is not "
            "known how busy its instances are."
        ),
    ),
    "few requests": (
        {"models": (activity(requests=3),), "instances": IDLE, "gpus": (gpu(4),)},
        "under_driven",
        (
            "Triton has little to do and nothing waits for long in it: "
            "the limit lies outside of Triton."
        ),
    ),
    "few requests and nothing else known": (
        {"models": (activity(requests=3),)},
        "under_driven",
        (
            "Triton has little to do and nothing waits for long in it: "
            "the limit lies outside of Triton."
        ),
    ),
    "Triton keeps up": (
        {"instances": (busy(0.7),)},
        "under_driven",
        "Triton keeps up and nothing waits for long in it: the limit lies outside of Triton.",
    ),
    "no request": (
        {"models": (activity(requests=0),)},
        "under_driven",
        "No request came.",
    ),
    "Triton is busy with what there is": (
        {"instances": FULL},
        "insufficient_evidence",
        "Triton is busy, yet nothing waits for long in it: more load would tell.",
    ),
    "several requests at a time and nothing else known": (
        {"models": (activity(requests=400),)},
        "insufficient_evidence",
        (
            "Nothing known is used up, and what is waited for cannot be said; not known: how busy "
            "the instances are, the GPU, the gateway's times, the gateway's CPU."
        ),
    ),
    "requests fail": (
        {"models": (activity(failed=50),), "instances": IDLE},
        "insufficient_evidence",
        (
            "400 of 1200 requests failed for another reason than load, so what the others wait for "
            "says little."
        ),
    ),
    "another program fills the machine": (
        {"instances": IDLE, "host_cpu_percent": 99.0, "processes": processes()},
        "insufficient_evidence",
        "The machine's processors are full; with what is not known.",
    ),
    "a stall": (
        {"models": (activity(requests=0, pending=3),)},
        "stalled",
        "scorer stands still: requests wait, and for 8 s none has been answered.",
    ),
    "a stall beside a model that works": (
        {"models": (activity(requests=0, pending=3), activity(ModelKey("other", "1")))},
        "stalled",
        "scorer stands still: requests wait, and for 8 s none has been answered.",
    ),
    "a stall that only the gateway sees": (
        {"models": (activity(requests=0),), "gateway": gateway(requests=0, in_flight=3)},
        "stalled",
        (
            "The gateway stands still: it has requests to answer, and for 8 s neither it nor "
            "Triton has finished one."
        ),
    ),
}


@pytest.mark.parametrize(("known", "code", "sentence"), CASES.values(), ids=CASES.keys())
def test_what_is_waited_for_is_named(known: dict[str, Any], code: str, sentence: str) -> None:
    found = diagnose(window(**known))
    assert (found.code, found.sentence) == (code, sentence)


def test_the_evidence_has_the_numbers_that_are_known() -> None:
    found = diagnose(
        window(
            models=(activity(queue_ms=40.0, pending=6, batch=4, rejected=3),),
            instances=FULL,
            gpus=(gpu(30),),
            gateway=gateway(total_ms=60.0, triton_ms=50.0, rejected={"overloaded": 2}),
            processes=processes(gateway_percent=55.0, count=2),
            host_cpu_percent=61.0,
        )
    )
    assert found.evidence == (
        "A request to scorer waits 40 ms in Triton's queue and is computed in 5.1 ms.",
        "6 requests pending (median), 824 finished in 8.0 s, a batch has 4.0 on average.",
        "Its instances compute 97 % of the time.",
        "The GPU is 30 % busy.",
        (
            "An answer takes the gateway 60 ms: 2.0 ms decoding and resizing, "
            "50 ms waiting for Triton."
        ),
        "Triton turned 24 requests away, the gateway turned 16 requests away.",
        (
            "The gateway uses 55 % of a core with 1 worker, Triton uses 20 % of a core, "
            "the machine's processors are 61 % busy."
        ),
    )


def test_without_triton_the_reason_is_said() -> None:
    silent = window(models=None, elapsed_s=None, missing={"triton": "it did not answer in time"})
    found = diagnose(silent)
    assert found.code == "insufficient_evidence"
    assert found.sentence == "Triton's counters are not known: it did not answer in time."


def test_the_first_samples_are_no_evidence() -> None:
    first = moment(0, elapsed_s=None)
    for count in range(FEWEST_INTERVALS):
        found = diagnose([first, *window(count, models=(WAITING,), instances=FULL)])
        assert found.code == "insufficient_evidence"
        assert f"so far there are {count}" in found.sentence
    assert diagnose([first, *window(3, models=(WAITING,), instances=FULL)]).code == (
        "instances_bound"
    )


def test_no_sample_at_all_is_no_evidence() -> None:
    assert diagnose([]).code == "insufficient_evidence"


def test_a_scrape_that_failed_does_not_hide_a_stall() -> None:
    samples = window(models=(activity(requests=0, pending=3),))
    samples[4] = replace(samples[4], models=None, elapsed_s=None)
    assert diagnose(samples).code == "stalled"


def test_a_short_silence_is_no_stall() -> None:
    assert diagnose(window(3, models=(activity(requests=0, pending=3),))).code != "stalled"


def test_a_stall_goes_on_while_the_queue_turns_requests_away() -> None:
    assert diagnose(window(models=(activity(requests=0, rejected=2, pending=3),))).code == "stalled"


def test_a_failure_is_an_end_too() -> None:
    stuck = activity(requests=0, failed=1, pending=3)
    assert diagnose(window(models=(stuck,))).code != "stalled"


def test_the_scrape_of_the_gateway_alone_is_no_stall() -> None:
    idle = window(models=(activity(requests=0),), gateway=gateway(requests=0, in_flight=1))
    assert diagnose(idle).code == "under_driven"


def test_an_ensemble_is_not_blamed_for_its_step() -> None:
    parent = activity(ModelKey("pipeline", "1"), queue_ms=60.0, infer_ms=6.0, pending=9)
    found = diagnose(window(models=(parent, WAITING), instances=FULL))
    assert found.sentence == "Requests wait for a free instance of scorer."
    # 100 requests of 5 ms a second on two instances; the parent's time would make it full.
    calm = activity(queue_ms=0.2, infer_ms=12.0)
    parent = activity(ModelKey("pipeline", "1"), queue_ms=0.2, infer_ms=12.0)
    counted = (InstanceActivity(SCORER, 0, 0.0, 2),)
    samples = [moment(0, elapsed_s=None, instances=counted), *window(models=(parent, calm))]
    assert "Its instances compute 60 % of the time." in diagnose(samples).evidence


def test_of_several_models_the_one_with_full_instances_is_named() -> None:
    delayed = ModelKey("delayed", "1")
    found = diagnose(
        window(
            models=(activity(delayed, queue_ms=100.0), WAITING),
            instances=(busy(0.05, delayed), *FULL),
        )
    )
    assert (found.code, "scorer" in found.sentence) == ("instances_bound", True)


def test_how_busy_instances_are_is_estimated_from_the_counters_once_their_number_is_known() -> None:
    # 200 requests in 50 batches, each charged the 20 ms of its batch, on one instance.
    batched = activity(requests=200, batch=4, infer_ms=19.0, queue_ms=60.0, pending=12)
    counted = (InstanceActivity(SCORER, 0, 0.0, 1),)
    samples = [moment(0, elapsed_s=None, instances=counted), *window(models=(batched,))]
    found = diagnose(samples)
    assert found.code == "instances_bound"
    assert "Its instances compute 95 % of the time." in found.evidence


def test_the_gateways_refusals_are_laid_to_the_model_with_most_work() -> None:
    other = ModelKey("other", "1")
    found = diagnose(
        window(
            models=(activity(other, requests=10, queue_ms=2.0), activity()),
            instances=(busy(0.9, other), *FULL),
            gateway=gateway(failures=9, rejected={"overloaded": 9}),
        )
    )
    assert found.sentence == "Requests wait for a free instance of scorer."


def test_a_queue_that_empties_now_and_then_is_no_backlog() -> None:
    full, empty = (
        {"models": (activity(requests=30, pending=pending),), "instances": (busy(0.4),)}
        for pending in (6, 0)
    )
    samples = [moment(number, **(empty if number == 5 else full)) for number in range(8)]
    assert diagnose(samples).code == "under_driven"


def test_a_gpu_that_is_slowed_down_now_and_then_is_not_held_up_by_it() -> None:
    slowed, free = (
        {"gpus": (gpu(70, bits),), "models": (WAITING,), "instances": FULL} for bits in (HEAT, 0)
    )
    samples = [moment(number, **(slowed if number % 3 == 0 else free)) for number in range(9)]
    assert diagnose(samples).code == "instances_bound"


def test_a_single_burst_does_not_decide() -> None:
    calm = {"models": (activity(requests=10),), "instances": IDLE}
    burst = {"models": (activity(requests=10, pending=64),), "instances": IDLE}
    samples = [moment(number, **(burst if number == 3 else calm)) for number in range(8)]
    assert diagnose(samples).code == "under_driven"


@given(
    st.lists(
        st.builds(
            activity,
            requests=st.integers(0, 1000),
            queue_ms=st.floats(0, 1000),
            input_ms=st.floats(0, 50),
            infer_ms=st.floats(0, 1000),
            pending=st.none() | st.integers(0, 64),
            rejected=st.integers(0, 100),
            failed=st.integers(0, 100),
        ),
        max_size=9,
    ),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 100),
    st.none() | st.floats(0, 400),
)
def test_whatever_the_numbers_it_is_a_sentence(
    activities: list[Any],
    ratio: float | None,
    host_percent: float | None,
    gateway_percent: float | None,
) -> None:
    samples = [
        moment(
            number,
            models=(one,),
            instances=None if ratio is None else (busy(ratio),),
            host_cpu_percent=host_percent,
            processes=processes(gateway_percent=gateway_percent),
        )
        for number, one in enumerate(activities)
    ]
    found = diagnose(samples)
    for sentence in (found.sentence, *found.evidence):
        assert sentence.endswith(".")
        assert "None" not in sentence
