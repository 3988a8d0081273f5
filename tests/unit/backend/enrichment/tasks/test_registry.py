"""Every task can be asked, and every answer has a schema."""

import jsonschema_rs
import numpy as np
import pytest

from backend.enrichment.model_spec import TaskName
from backend.enrichment.tasks.registry import TASKS
from tests.unit.backend.enrichment.catalogue import MODELS, asked, picture


def test_there_is_a_module_for_each_task() -> None:
    assert set(TASKS) == set(TaskName)


@pytest.mark.parametrize("name", TaskName)
def test_a_schema_is_one_and_refuses_what_is_no_answer(name: TaskName) -> None:
    schema = TASKS[name].schema
    jsonschema_rs.meta.validate(schema)
    assert not jsonschema_rs.is_valid(schema, {})
    assert not jsonschema_rs.is_valid(schema, {"task": name})


@pytest.mark.parametrize("name", MODELS)
def test_whatever_numbers_a_model_answers_the_answer_fits_its_schema(name: str) -> None:
    spec = MODELS[name]
    random = np.random.default_rng(7)
    heads = spec.task is TaskName.OPEN_VOCABULARY
    free = len(spec.prompts) + (4 if heads else 0)
    outputs = {
        tensor.name: random.normal(
            0, 3, (1, *(free if length == -1 else length for length in tensor.dims))
        ).astype(np.float32)
        for tensor in spec.outputs
    }
    assert asked(spec, outputs, picture(97, 61))["task"] == spec.task
