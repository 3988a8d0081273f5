"""How large everything is."""

import dataclasses

import pytest

from scripts.video_memory.sizes import PRESETS, Sizes


def test_the_original_s_video_is_101_mb_of_pixel_values() -> None:
    seed = PRESETS["seed"]
    assert seed.pixels_bytes == 8 * (6 + 5) * 3 * 448 * 448 * 2
    assert seed.clips * seed.pixels_bytes == pytest.approx(23 * 2**30, rel=0.05)


def test_the_original_s_model_has_8_thousand_million_weights() -> None:
    seed = PRESETS["seed"]
    assert 12 * seed.hidden**2 * seed.layers == pytest.approx(8e9, rel=0.02)


def test_frames_are_a_byte_for_each_colour() -> None:
    assert Sizes(frames=2, width=10, height=5).frames_bytes == 300


def test_a_micro_batch_has_no_more_frames_than_the_clip() -> None:
    sizes = Sizes(frames=3, micro_batch=8, patches=1, detections=0, patch_size=32)
    assert sizes.in_flight_bytes == sizes.pixels_bytes == 3 * 3 * 32 * 32 * 4
    assert sizes.micro_batches == 1
    assert dataclasses.replace(sizes, micro_batch=2).micro_batches == 2


@pytest.mark.parametrize(
    ("clips", "counts"), [(16, (2, 4, 8, 16)), (6, (1, 3, 6)), (1, (1,)), (240, (30, 60, 120, 240))]
)
def test_each_number_of_clips_is_about_twice_the_one_before(
    clips: int, counts: tuple[int, ...]
) -> None:
    assert Sizes(clips=clips).counts == counts


@pytest.mark.parametrize(
    ("size", "patches", "grid"),
    [
        ((640, 384), 6, (3, 2)),
        ((384, 640), 6, (2, 3)),
        ((900, 100), 6, (6, 1)),
        ((9, 9), 1, (1, 1)),
    ],
)
def test_patches_lie_in_the_shape_that_is_nearest_to_the_frame_s(
    size: tuple[int, int], patches: int, grid: tuple[int, int]
) -> None:
    assert Sizes(width=size[0], height=size[1], patches=patches).grid == grid


def test_host_memory_that_stands_for_a_device_s_counts_too() -> None:
    sizes = Sizes(clips=4)
    alone = sizes.host_bytes_needed(standing_for_device=False)
    both = sizes.host_bytes_needed(standing_for_device=True)
    assert alone == 4 * (sizes.frames_bytes + sizes.boxes_bytes)
    assert both - alone == 4 * sizes.pixels_bytes
