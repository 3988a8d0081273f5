from pathlib import Path

import pytest

from benchmarks.repository import VARIANTS, write_repository
from scripts.record_causes import CASES, parser


def test_every_model_of_a_case_can_be_written(tmp_path: Path) -> None:
    write_repository(tmp_path, {name: case.variant for name, case in CASES.items()})
    for name in CASES:
        assert (tmp_path / name / "1/model.py").is_file()
    stalled = (tmp_path / "stalled_model/config.pbtxt").read_text(encoding="utf-8")
    assert "model_warmup" not in stalled
    assert 'string_value: "60000"' in stalled
    one_instance = (tmp_path / "one_instance/config.pbtxt").read_text(encoding="utf-8")
    assert "count: 1 }" in one_instance


def test_its_models_stand_beside_those_of_the_benchmarks() -> None:
    assert not set(CASES) & set(VARIANTS)


def test_one_case_may_be_asked_for_and_a_wrong_name_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert parser().parse_args(["--only", "slow_model"]).only == ["slow_model"]
    with pytest.raises(SystemExit):
        parser().parse_args(["--only", "absent"])
    assert "invalid choice: 'absent'" in capsys.readouterr().err
