"""What the demo hands to the load tester."""

import pytest
from pydantic import SecretStr

from backend.settings import Settings
from scripts.demo import api_key_for_tester

TOKEN = "token-of-our-own-processes"


def test_the_load_tester_calls_with_the_internal_token_unless_it_has_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(internal_token=SecretStr(TOKEN))
    assert api_key_for_tester(Settings()) == {}
    assert api_key_for_tester(settings) == {"FRAMEGATE_LOADTEST_API_KEY": TOKEN}
    monkeypatch.setenv("FRAMEGATE_LOADTEST_API_KEY", "fg_another")
    assert api_key_for_tester(settings) == {}
