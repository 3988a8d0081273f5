"""Both ways, on a device that counts."""

import dataclasses
import itertools

import numpy as np
import pytest

from scripts.lifecycle.errors import HolderFailed
from scripts.video_memory.campaign import Campaign, is_same, steps
from scripts.video_memory.result import Place, Result, Stage
from scripts.video_memory.sizes import Sizes
from tests.unit.scripts.video_memory.doubles import (
    IN_FLIGHT_MB,
    KEPT_MB,
    MB,
    MODELS_MB,
    SMALL,
    CountingDevice,
)


class Said:
    """Implements Progress."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def done(self, line: str) -> None:
        self.lines.append(line)


def ran(device: CountingDevice, said: Said | None = None, sizes: Sizes = SMALL) -> Result:
    ticks = itertools.count()
    campaign = Campaign(
        device, sizes, said or Said(), lambda stage: None, clock=lambda: next(ticks) / 1024
    )
    return campaign.run()


def test_memory_grows_with_clips_on_the_device_and_not_with_clips_in_host_memory() -> None:
    found = ran(CountingDevice())
    assert [point.clips for point in found.series(Place.HOST)] == [1, 2, 4]
    assert [point.memory.peak_bytes for point in found.series(Place.HOST)] == [
        (MODELS_MB + IN_FLIGHT_MB) * MB
    ] * 3
    assert [point.memory.peak_bytes for point in found.series(Place.DEVICE)] == [
        (MODELS_MB + KEPT_MB * clips + IN_FLIGHT_MB) * MB for clips in (1, 2, 4)
    ]
    assert found.growth_bytes(Place.DEVICE) == KEPT_MB * MB
    assert found.growth_bytes(Place.HOST) == 0
    assert found.baseline.reserved_bytes == MODELS_MB * MB


def test_never_more_than_a_micro_batch_is_handed_over() -> None:
    device = CountingDevice()
    ran(device)
    assert device.most_frames == SMALL.micro_batch < SMALL.frames


def test_every_answer_is_held_against_the_first_one_about_its_clip() -> None:
    found = ran(CountingDevice())
    assert found.compared == SMALL.clips + 2 * SMALL.rounds * SMALL.questions
    assert found.is_equal
    assert found.is_sound


def test_answers_that_differ_in_the_last_digits_are_found() -> None:
    device = CountingDevice()
    device.drifts = True
    found = ran(device)
    assert found.different == SMALL.clips + SMALL.rounds * SMALL.questions
    assert not found.is_equal
    assert not found.is_sound


def test_an_error_in_the_middle_leaves_nothing_behind() -> None:
    found = ran(CountingDevice())
    assert (found.errors.raised, found.errors.left_bytes, found.errors.clips_in_use) == (3, 0, 0)
    assert found.errors.same_answer


def test_what_errors_leave_behind_is_found() -> None:
    device = CountingDevice()
    device.leaks = True
    found = ran(device)
    assert found.errors.left_bytes == 3 * IN_FLIGHT_MB * MB
    assert found.is_equal
    assert not found.is_sound


def test_a_clip_of_one_micro_batch_fails_at_once() -> None:
    whole = dataclasses.replace(SMALL, micro_batch=SMALL.frames)
    assert ran(CountingDevice(), sizes=whole).errors.raised == 3


def test_a_model_that_fails_of_itself_ends_the_run() -> None:
    device = CountingDevice()
    device.fail_after(4)
    with pytest.raises(HolderFailed, match="on purpose"):
        ran(device)


def test_the_ways_take_turns_to_begin() -> None:
    device = CountingDevice()
    found = ran(device)
    timed = device.asked[-2 * SMALL.micro_batches * SMALL.rounds * SMALL.questions :]
    first = [timed[place] for place in range(0, len(timed), 2 * SMALL.micro_batches)]
    assert first == ["device", "host", "device", "host", "device", "host"]
    assert [(one.round, one.clip) for one in found.questions] == [
        (round_number, clip) for round_number in (1, 2) for clip in range(3)
    ]
    assert {one.device_ms for one in found.questions} == {1000 / 1024}
    assert {one.more_work_ratio for one in found.questions} == {33 / 30 - 1}
    # Three micro-batches a clip.
    assert {(one.transfer_ms, one.cutting_ms) for one in found.questions} == {(6.0, 3.0)}


def test_progress_has_as_many_steps_as_it_says() -> None:
    said = Said()
    ran(CountingDevice(), said)
    assert len(said.lines) == steps(SMALL) == 2 * 3 + 1 + 2
    assert said.lines[0] == "frames kept on host, 1 clips: peak 103 MB"
    assert "frames kept on device: clip 4 of 4" in said.steps


def test_stages_are_told_as_they_come() -> None:
    told: list[Stage] = []
    sizes = dataclasses.replace(SMALL, rounds=4)
    found = Campaign(CountingDevice(), sizes, Said(), told.append).run()
    names = [stage.name for stage in told]
    assert names[:3] == ["after detector loaded", "after model loaded", "start of inference"]
    assert "with 4 clips, frames kept on device" in names
    assert names[-2:] == ["after 10 questions", "end of inference"]
    assert told == found.stages


def test_answers_are_the_same_bit_by_bit() -> None:
    one = np.array([[1.0, 2.0]], np.float32)
    assert is_same(one, one.copy())
    assert not is_same(one, np.nextafter(one, np.float32(9), dtype=np.float32))
    assert not is_same(one, one.T)
    assert not is_same(one * np.float32(np.nan), one * np.float32(np.nan))
