import json
from typing import Any

import pytest

from monitor.counters import ModelKey
from monitor.sources.triton_models import MOST_PER_SAMPLE, Configurations, parse


@pytest.mark.parametrize(
    ("groups", "instances"),
    [
        ([{"count": 2, "kind": "KIND_CPU", "gpus": []}], 2),
        # A group's count is for each of its GPUs.
        ([{"count": 2, "kind": "KIND_GPU", "gpus": [0, 1]}], 4),
        ([{"count": 1, "gpus": [0]}, {"count": 3, "kind": "KIND_CPU"}], 4),
    ],
)
def test_instances_are_counted_over_groups_and_gpus(
    groups: list[dict[str, Any]], instances: int
) -> None:
    assert parse(json.dumps({"instance_group": groups})).instance_count == instances


def test_an_ensemble_has_steps_and_no_instances() -> None:
    found = parse(json.dumps({"ensemble_scheduling": {"step": [{"model_name": "a"}]}}))
    assert (found.instance_count, found.steps) == (None, ("a",))


@pytest.mark.parametrize("text", ["nonsense", "[]", "{}", "null", '{"instance_group": [{}]}'])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"configuration|Expecting"):
        parse(text)


def test_many_new_models_are_asked_a_few_at_a_time_and_share_the_time() -> None:
    asked: list[tuple[str, float]] = []

    def fetch(url: str, timeout_s: float) -> str:
        asked.append((url, timeout_s))
        return json.dumps({"instance_group": [{"count": 1}]})

    keys = [ModelKey(f"m {number}", "") for number in range(6)]
    configurations = Configurations("http://triton", fetch)
    assert len(configurations.of(keys, 1.0)) == MOST_PER_SAMPLE
    assert asked[0] == ("http://triton/v2/models/m%200/config", 1.0 / MOST_PER_SAMPLE)
    assert len(configurations.of(keys, 1.0)) == 6
    assert len(asked) == 6
