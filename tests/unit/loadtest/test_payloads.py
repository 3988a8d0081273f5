import io

import pytest
from PIL import Image

from loadtest._load._payloads import make_payloads, sha256_of_set


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


def test_the_digest_of_the_set_sees_order_and_boundaries() -> None:
    assert sha256_of_set([b"ab", b"c"]) != sha256_of_set([b"a", b"bc"])
    assert sha256_of_set([b"a", b"b"]) != sha256_of_set([b"b", b"a"])
    assert sha256_of_set([]) == ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
