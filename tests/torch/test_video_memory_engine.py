"""Detector, encoder and pixel values, and both places that they can be asked at."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from scripts.lifecycle.errors import HolderFailed, UsageError
from scripts.video_memory import gpu, options, running
from scripts.video_memory.clips import drawn
from scripts.video_memory.device import Device
from scripts.video_memory.engine import Engine
from scripts.video_memory.gpu import Gpu
from scripts.video_memory.memory import DeviceMemory
from scripts.video_memory.patches import cut, edges
from scripts.video_memory.sizes import Sizes
from scripts.video_memory.standin import StandIn
from scripts.vram import smi_query

MB = 2**20
TINY = Sizes(
    clips=2,
    frames=3,
    width=96,
    height=64,
    patches=6,
    detections=2,
    patch_size=32,
    micro_batch=2,
    hidden=64,
    layers=2,
    token_size=16,
    rounds=1,
    questions=1,
)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    made = StandIn(TINY)
    yield made
    made.close()


def loaded(device: Any) -> Any:
    device.load_detector()
    device.load_model()
    return device


def boxes_of(*box: float) -> Any:
    return np.array([[box]], np.float32)


def test_a_frame_is_cut_into_its_patches_row_by_row_and_its_detections() -> None:
    sizes = dataclasses.replace(TINY, detections=1)
    frames = torch.from_numpy(drawn(1, sizes)[:1])
    # The grid of 3 × 2 patches of 32 pixels is the frame itself: nothing is resized.
    pixels = cut(frames, boxes_of(1 / 3, 0.5, 2 / 3, 1), sizes)
    assert pixels.shape == (7, 3, 32, 32)
    back = pixels * torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    back += torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    second = frames[0, :32, 32:64].permute(2, 0, 1).float()
    fifth = frames[0, 32:, 32:64].permute(2, 0, 1).float()
    assert torch.allclose(back[1], second, atol=1e-3)
    assert torch.allclose(back[4], fifth, atol=1e-3)
    assert torch.allclose(back[6], fifth, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_pixel_values_take_what_the_sizes_say(dtype: str) -> None:
    sizes = dataclasses.replace(TINY, dtype=dtype)
    frames = torch.from_numpy(drawn(1, sizes))
    engine = loaded(Engine(sizes, torch.device("cpu")))
    pixels = engine.cut(frames, engine.detect(frames).numpy())
    assert pixels.untyped_storage().nbytes() == sizes.pixels_bytes
    features = engine.answer(pixels)
    assert features.shape == (3, 64)
    assert features.dtype == torch.float32
    assert torch.isfinite(features).all()


@pytest.mark.parametrize(
    ("box", "pixels"),
    [
        ((0, 0, 1, 1), (0, 0, 96, 64)),
        ((0.5, 0.5, 0.5, 0.5), (48, 32, 49, 33)),
        ((1, 1, 1, 1), (95, 63, 96, 64)),
    ],
)
def test_a_box_has_at_least_one_pixel_of_the_frame(
    box: tuple[float, ...], pixels: tuple[int, ...]
) -> None:
    assert edges(np.array(box, np.float32), 96, 64) == pixels


def test_detections_are_boxes_within_the_frame() -> None:
    engine = loaded(Engine(TINY, torch.device("cpu")))
    boxes = engine.detect(torch.from_numpy(drawn(1, TINY)))
    assert boxes.shape == (3, 2, 4)
    assert ((boxes >= 0) & (boxes <= 1)).all()
    assert (boxes[..., :2] < boxes[..., 2:]).all()


def test_every_frame_and_every_box_changes_the_answer() -> None:
    engine = loaded(Engine(TINY, torch.device("cpu")))
    frames = torch.from_numpy(drawn(1, TINY)[:2])
    boxes = engine.detect(frames).numpy()
    features = engine.answer(engine.cut(frames, boxes))
    assert not torch.equal(features[0], features[1])
    moved = engine.answer(engine.cut(frames, np.clip(boxes + 0.2, 0, 1)))
    assert not torch.equal(features[0], moved[0])


def asked_both_ways(device: Device) -> Any:
    """Features of two frames that were handed over, after they were kept and asked about."""
    frames = drawn(1, TINY)[:2]
    boxes = device.detect(frames)
    device.keep("one", frames, boxes)
    kept = device.ask_kept("one", 0)
    answer = device.ask(frames, boxes)
    assert answer.features.tobytes() == kept.tobytes()
    assert answer.features.dtype == np.float32
    assert answer.transfer_ms > 0
    assert answer.cutting_ms > 0
    return answer.features


@pytest.fixture
def without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's CPU in a GPU's place."""
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    for name, value in {
        "memory_allocated": 1,
        "memory_reserved": 2,
        "max_memory_reserved": 4,
        "max_memory_allocated": 3,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)


def test_both_places_answer_the_same_to_the_last_bit(
    standin: StandIn, without_a_driver: None
) -> None:
    there = asked_both_ways(loaded(standin))
    here = asked_both_ways(loaded(Gpu(TINY, "a GPU", device="cpu", pinned=False)))
    assert there.shape == (2, 64)
    assert there.tobytes() == here.tobytes()


def test_what_is_kept_is_in_the_stand_in_s_memory_until_it_is_forgotten(standin: StandIn) -> None:
    loaded(standin)
    frames = drawn(1, TINY)[:2]
    boxes = standin.detect(frames)
    standin.ask(frames, boxes)
    before = standin.memory().allocated_bytes
    for number in range(40):
        standin.keep(f"clip {number}", frames, boxes)
    kept = standin.memory().allocated_bytes
    standin.forget()
    standin.give_back()
    after = standin.memory().allocated_bytes
    assert before is not None
    assert kept is not None
    assert after is not None
    assert kept - before == pytest.approx(40 * TINY.in_flight_bytes, rel=0.05)
    assert abs(after - before) < MB


def test_a_model_that_raises_is_a_sentence_and_answers_again(
    standin: StandIn, without_a_driver: None
) -> None:
    for device in (loaded(standin), loaded(Gpu(TINY, "a GPU", device="cpu", pinned=False))):
        frames = drawn(1, TINY)[:2]
        boxes = device.detect(frames)
        features = device.ask(frames, boxes).features
        device.fail_after(1)
        assert device.ask(frames, boxes).features.tobytes() == features.tobytes()
        with pytest.raises(HolderFailed, match="BrokenModel: this model fails on purpose"):
            device.ask(frames, boxes)
        device.fail_after(None)
        assert device.ask(frames, boxes).features.tobytes() == features.tobytes()


def test_the_stand_in_knows_its_processor_time(standin: StandIn) -> None:
    loaded(standin)
    before_ms = standin.processor_ms()
    frames = drawn(1, TINY)[:2]
    standin.ask(frames, standin.detect(frames))
    after_ms = standin.processor_ms()
    assert before_ms is not None
    assert after_ms is not None
    assert after_ms > before_ms > 0


def test_the_stand_in_s_process_goes_with_it() -> None:
    standin = StandIn(TINY)
    standin.close()
    standin.close()
    assert not psutil.pid_exists(standin.pid)


def test_a_full_gpu_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, without_a_driver: None
) -> None:
    device = loaded(Gpu(TINY, "a GPU", device="cpu", pinned=False))

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Engine, "cut", full)
    with pytest.raises(HolderFailed, match="fewer --clips"):
        device.keep("one", drawn(1, TINY)[:2], device.detect(drawn(1, TINY)[:2]))


def test_a_gpu_s_memory_is_pytorch_s_and_its_driver_s(
    monkeypatch: pytest.MonkeyPatch, without_a_driver: None
) -> None:
    monkeypatch.setattr(smi_query, "ask_command", lambda query: f"{psutil.Process().pid}, 512\n")
    device = Gpu(TINY, "a GPU", device="cpu", pinned=False)
    assert device.memory() == DeviceMemory(1, 2, 4, 3, 512 * MB)
    monkeypatch.setattr(smi_query, "ask_command", lambda query: None)
    assert device.memory().process_bytes is None


def test_where_pytorch_sees_no_gpu_there_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.name() is None


@pytest.mark.parametrize(
    ("flags", "name", "free_bytes", "said"),
    [
        ("--device cuda", None, 2**40, "PyTorch sees no GPU"),
        ("--pinned", None, 2**40, "--pinned is for a GPU"),
        ("--clips 100 --questions 1", None, 2**30, "about 5.5 GB of host memory and 1.0 GB"),
        ("--clips 4000 --questions 1", "a GPU", 2**30, "about 22.0 GB of host memory"),
    ],
)
def test_what_cannot_be_measured_here_is_told_before_anything_starts(
    flags: str, name: str | None, free_bytes: int, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        running.check(options.read(flags.split()), name, free_bytes=free_bytes)


def test_frames_in_host_memory_alone_are_no_burden_on_a_gpu_s_run() -> None:
    running.check(options.read(["--clips", "100"]), "a GPU", free_bytes=2**30)
