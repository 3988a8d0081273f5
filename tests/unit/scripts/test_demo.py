"""What the demo hands to the load tester."""

import pytest

from backend.settings import Settings
from scripts._stack import Stack
from scripts.demo import api_key


def test_the_load_tester_calls_with_the_stack_s_token_unless_it_has_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = Stack(Settings())
    assert api_key(stack) == {"FRAMEGATE_LOADTEST_API_KEY": stack.internal_token}
    monkeypatch.setenv("FRAMEGATE_LOADTEST_API_KEY", "fg_another")
    assert api_key(stack) == {}


def test_a_stack_takes_the_token_that_is_set_and_else_makes_one_of_its_own() -> None:
    token = "token-of-our-own-processes"
    assert Stack(Settings.model_validate({"internal_token": token})).internal_token == token
    fresh = {Stack(Settings()).internal_token for _ in range(3)}
    assert len(fresh) == 3
    assert min(map(len, fresh)) >= 32
