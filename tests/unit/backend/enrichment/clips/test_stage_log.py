"""Lines about what models hold."""

import logging

import pytest

from backend.enrichment.clips.stage_log import Held, StageLog

MB = 2**20


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_stage_is_a_line_and_micro_batches_are_one_in_ten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "framegate")
    log = StageLog(lambda: Held("gpu", 812 * MB, 900 * MB))
    log.stage("after detector loaded")
    for _ in range(25):
        log.micro_batch()
    assert lines(caplog) == [
        "[VRAM after detector loaded] allocated 812.0 MB reserved 900.0 MB",
        "[VRAM after 10 micro-batches] allocated 812.0 MB reserved 900.0 MB",
        "[VRAM after 20 micro-batches] allocated 812.0 MB reserved 900.0 MB",
    ]


def test_host_memory_is_called_that_and_unknown_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "framegate")
    StageLog(lambda: Held("host", None, MB)).stage("start")
    assert lines(caplog) == ["[host memory start] allocated unknown reserved 1.0 MB"]


def test_nothing_is_measured_where_it_is_not_wanted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "framegate")
    log = StageLog()
    log.stage("start")
    for _ in range(10):
        log.micro_batch()
    assert lines(caplog) == []
