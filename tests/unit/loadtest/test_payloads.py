import base64
import io
import json

import pytest
from PIL import Image

from loadtest._load._payloads import SIZES, bodies, make_payloads, sha256_of_set


@pytest.fixture(scope="module")
def payloads() -> list[bytes]:
    return make_payloads(0)


def test_there_are_64_different_pictures(payloads: list[bytes]) -> None:
    assert len(payloads) == 64
    assert len(set(payloads)) == 64


def test_each_is_a_jpeg_of_352_by_352_pixels_that_decodes(payloads: list[bytes]) -> None:
    for payload in payloads:
        with Image.open(io.BytesIO(payload)) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert picture.size == (352, 352)
            assert picture.mode == "RGB"


def test_they_are_about_as_large_as_a_camera_page_sends(payloads: list[bytes]) -> None:
    assert 20_000 < sum(map(len, payloads)) / len(payloads) < 40_000


def test_a_seed_makes_the_same_pictures_again_and_another_seed_makes_others() -> None:
    assert make_payloads(5, count=6) == make_payloads(5, count=6)
    assert set(make_payloads(5, count=6)).isdisjoint(make_payloads(6, count=6))


def test_mixed_sizes_are_the_same_for_the_same_seed_and_as_many_of_each() -> None:
    frames = list(bodies("mixed", 0))
    assert frames == list(bodies("mixed", 0))
    assert len(set(frames)) == 64
    sizes = [Image.open(io.BytesIO(frame)).size for frame in frames]
    assert set(sizes) == set(SIZES["mixed"]) == {(352, 352), (640, 480), (1280, 720)}
    assert min(map(sizes.count, SIZES["mixed"])) >= 20


def test_base64_carries_the_raw_frames_as_data_urls(payloads: list[bytes]) -> None:
    assert list(bodies("raw", 0)) == payloads
    for body, frame in zip(bodies("base64", 0), payloads, strict=True):
        document = json.loads(body)
        assert list(document) == ["image"]
        head, _, text = document["image"].partition(",")
        assert head == "data:image/jpeg;base64"
        assert base64.b64decode(text, validate=True) == frame


def test_the_pictures_of_a_seed_stay_what_they_were(payloads: list[bytes]) -> None:
    # Runs are compared by this digest.
    assert sha256_of_set(payloads).startswith("580e2227b7457ae0")


def test_the_digest_of_the_set_sees_order_and_boundaries() -> None:
    assert sha256_of_set([b"ab", b"c"]) != sha256_of_set([b"a", b"bc"])
    assert sha256_of_set([b"a", b"b"]) != sha256_of_set([b"b", b"a"])
    assert sha256_of_set([]) == ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
