"""POST /v1/quality against the real Triton: values, not only status codes."""

import base64
import json

import numpy as np
import pytest
from PIL import Image

from tests.pictures import ASTRONAUT, astronaut, encode, png_16_bit
from tests.processes import Gateway
from tests.scorer import load_scorer

pytestmark = pytest.mark.triton


def score_of(gateway: Gateway, body: bytes, content_type: str = "image/jpeg") -> float:
    response = gateway.post(body, content_type)
    assert response.status_code == 200, response.text
    return float(response.json()["score"])


def test_the_answer_is_what_the_scorer_says_of_the_cropped_picture(gateway: Gateway) -> None:
    wide = astronaut((640, 480))
    answer = gateway.post(encode(wide, "PNG"), "image/png").json()
    square = wide.resize((352, 352), Image.Resampling.BILINEAR, box=(80, 0, 560, 480))
    measures = load_scorer()
    expected = measures.measure(np.asarray(square))
    assert answer["score"] == pytest.approx(measures.score(expected), abs=1e-3)
    assert list(answer["measures"]) == list(measures.MEASURES)
    for name, value in answer["measures"].items():
        assert value == pytest.approx(expected[name], abs=0.06), name


def test_the_answer_says_which_model_how_long_and_under_which_id(gateway: Gateway) -> None:
    response = gateway.post(ASTRONAUT.read_bytes(), **{"X-Request-Id": "camera-7"})
    answer = response.json()
    assert answer["model"] == {
        "name": "capture_quality",
        "version": "1",
        "variant": "measures-v1",
        "weights_sha256": None,
        "random_weights": False,
        "bands": {"fair": 0.35, "good": 0.6},
    }
    assert answer["request_id"] == "camera-7"
    assert response.headers["X-Request-Id"] == "camera-7"
    timing = answer["timing_ms"]
    assert set(timing) == {"decode", "preprocess", "triton", "total"}
    assert 0 < timing["decode"] + timing["preprocess"] + timing["triton"] <= timing["total"]
    assert response.headers["Server-Timing"] == ", ".join(
        f"{stage};dur={timing[stage]}" for stage in ("decode", "preprocess", "triton", "total")
    )


def test_an_id_that_could_forge_a_log_line_is_replaced(gateway: Gateway) -> None:
    response = gateway.post(ASTRONAUT.read_bytes(), **{"X-Request-Id": "a b"})
    assert len(response.headers["X-Request-Id"]) == 32


def test_raw_form_and_base64_of_one_file_score_the_same(gateway: Gateway) -> None:
    data = ASTRONAUT.read_bytes()
    raw = score_of(gateway, data)
    text = base64.b64encode(data).decode()
    lines = base64.encodebytes(data).decode()
    boundary = "frame"
    form = (
        f"--{boundary}\r\nContent-Disposition: form-data; name=image; filename=a.jpg\r\n"
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode() + data + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    assert score_of(gateway, form, f"multipart/form-data; boundary={boundary}") == raw
    for image in (text, lines, f"data:image/jpeg;base64,{text}", f"data:image/jpeg;base64,{lines}"):
        assert score_of(gateway, json.dumps({"image": image}).encode(), "application/json") == raw


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_turned_by_exif_scores_as_it_looks(gateway: Gateway, orientation: int) -> None:
    upright = astronaut((480, 360))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = encode(stored, "PNG", exif=exif)
    assert score_of(gateway, turned, "image/png") == score_of(
        gateway, encode(upright, "PNG"), "image/png"
    )


def test_a_lossless_copy_in_another_format_scores_the_same(gateway: Gateway) -> None:
    original = score_of(gateway, ASTRONAUT.read_bytes())
    picture = astronaut()
    opaque = picture.convert("RGBA")
    assert score_of(gateway, encode(picture, "PNG"), "image/png") == original
    assert score_of(gateway, encode(picture, "WEBP", lossless=True), "image/webp") == original
    assert score_of(gateway, encode(opaque, "PNG"), "image/png") == original


def test_grey_in_8_and_16_bits_and_as_rgb_scores_the_same(gateway: Gateway) -> None:
    grey = astronaut().convert("L")
    expected = score_of(gateway, encode(grey.convert("RGB"), "PNG"), "image/png")
    assert score_of(gateway, encode(grey, "PNG"), "image/png") == expected
    assert score_of(gateway, encode(grey.convert("LA"), "PNG"), "image/png") == expected
    assert score_of(gateway, png_16_bit(astronaut()), "image/png") == expected


def test_a_palette_picture_scores_as_its_colours(gateway: Gateway) -> None:
    palette = astronaut().convert("P", palette=Image.Palette.ADAPTIVE)
    expected = score_of(gateway, encode(palette.convert("RGB"), "PNG"), "image/png")
    assert score_of(gateway, encode(palette, "PNG"), "image/png") == expected


def test_cmyk_and_progressive_jpegs_score_near_the_original(gateway: Gateway) -> None:
    picture = astronaut()
    original = score_of(gateway, encode(picture, "JPEG", quality=95))
    progressive = encode(picture, "JPEG", quality=95, progressive=True)
    assert score_of(gateway, progressive) == original
    cmyk = encode(picture.convert("CMYK"), "JPEG", quality=95)
    assert score_of(gateway, cmyk) == pytest.approx(original, abs=0.05)


def test_transparent_parts_lie_on_white(gateway: Gateway) -> None:
    layered = astronaut().convert("RGBA")
    layered.paste((0, 0, 0, 0), (0, 0, 512, 200))
    flat = Image.new("RGB", (512, 512), "white")
    flat.paste(layered, mask=layered)
    assert score_of(gateway, encode(layered, "PNG"), "image/png") == score_of(
        gateway, encode(flat, "PNG"), "image/png"
    )


def test_the_score_falls_when_the_picture_gets_dark(gateway: Gateway) -> None:
    dark = astronaut().point(lambda value: int(value * 0.1))
    assert score_of(gateway, encode(dark, "PNG"), "image/png") < 0.5 * score_of(
        gateway, ASTRONAUT.read_bytes()
    )


def test_the_face_is_found_and_scored(gateway: Gateway) -> None:
    scene = Image.new("RGB", (1280, 720), (96, 110, 120))
    scene.paste(astronaut(), (700, 100))
    answer = gateway.post(encode(scene, "PNG"), "image/png", query="?face=auto").json()
    assert answer["picture"] == {"width": 1280, "height": 720}
    assert answer["face"]["count"] == 1
    box = answer["face"]["box"]
    # The face is about 110 pixels wide, its middle at (225, 115) of the photograph.
    assert abs(box["x"] + box["width"] / 2 - 925) < 25
    assert abs(box["y"] + box["height"] / 2 - 215) < 25
    assert 70 < box["width"] == box["height"] < 190
    assert {"face_size", "face_position", "single_face"} <= set(answer["measures"])
    assert "detect" in answer["timing_ms"]
    assert answer["reasons"]
    assert answer["reasons"][0] in ("move_closer", "centre")
    whole = gateway.post(encode(scene, "PNG"), "image/png").json()
    assert "face" not in whole
    assert whole["score"] != answer["score"]


def test_no_face_is_an_answer_without_a_score(gateway: Gateway) -> None:
    wall = Image.new("RGB", (640, 480), (96, 110, 120))
    response = gateway.post(encode(wall, "PNG"), "image/png", query="?face=auto")
    assert response.status_code == 200
    answer = response.json()
    assert (answer["score"], answer["raw_score"], answer["band"]) == (None, None, None)
    assert answer["face"] == {"count": 0, "box": None}
    assert answer["reasons"][0] == "no_face"
    assert list(answer["measures"]) == list(load_scorer().MEASURES)


def test_a_turned_pictures_box_is_where_the_face_is_upright(gateway: Gateway) -> None:
    upright = astronaut((720, 720)).crop((0, 0, 640, 720))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
    answers = [
        gateway.post(data, "image/png", query="?face=auto").json()
        for data in (turned, encode(upright, "PNG"))
    ]
    assert answers[0]["picture"] == answers[1]["picture"] == {"width": 640, "height": 720}
    assert answers[0]["face"] == answers[1]["face"]
    assert answers[0]["face"]["count"] == 1


@pytest.mark.parametrize("face", ["", "yes", "AUTO"])
def test_another_word_for_the_face_is_refused(gateway: Gateway, face: str) -> None:
    response = gateway.post(ASTRONAUT.read_bytes(), query=f"?face={face}")
    assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
    assert response.json()["detail"].endswith("send none or auto.")


def test_health_says_healthy_and_names_the_model(gateway: Gateway) -> None:
    answer = gateway.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "model": "capture_quality", "triton": "ready"}
    assert gateway.get("/health/live").json() == {"status": "alive"}
    assert gateway.get("/health/ready").json() == {"status": "ready"}
