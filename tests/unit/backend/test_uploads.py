"""One picture out of a request, however it was packed."""

import base64
import io
import json
import time
from typing import Any

import gevent
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from backend.errors import (
    DeadlineExceeded,
    MalformedRequest,
    NoRoomForBody,
    SlowBody,
    UnsupportedEncoding,
    UnsupportedPicture,
)
from backend.web.uploads import BodyBudget, PictureRequest, Upload, read_upload

JSON = "application/json"
DATA = bytes(range(256)) * 2
TEXT = base64.b64encode(DATA).decode()


def request(**options: Any) -> PictureRequest:
    return PictureRequest(EnvironBuilder(method="POST", **options).get_environ())


def read(**options: Any) -> Upload:
    return read_upload(request(**options), timeout_s=5)


def read_json(document: object) -> Upload:
    return read(data=json.dumps(document).encode(), content_type=JSON)


def form(*files: tuple[str, bytes, str | None]) -> dict[str, Any]:
    """Field, content and Content-Type of each file."""
    head = "--b\r\nContent-Disposition: form-data; name={}; filename=a\r\n{}\r\n"
    parts = [
        head.format(field, f"Content-Type: {kind}\r\n" if kind else "").encode() + data + b"\r\n"
        for field, data, kind in files
    ]
    return {
        "data": b"".join(parts) + b"--b--\r\n",
        "content_type": "multipart/form-data; boundary=b",
    }


@pytest.mark.parametrize("content_type", ["image/jpeg", "IMAGE/JPEG", "image/jpeg; charset=binary"])
def test_a_raw_body_is_the_file_itself(content_type: str) -> None:
    assert read(data=DATA, content_type=content_type) == Upload(DATA, "image/jpeg")


@pytest.mark.parametrize("content_type", ["text/plain", "image/gif", "application/octet-stream"])
def test_another_content_type_is_refused_with_the_list_of_those_accepted(
    content_type: str,
) -> None:
    with pytest.raises(UnsupportedPicture) as caught:
        read(data=DATA, content_type=content_type)
    assert str(caught.value) == (
        f"Content-Type {content_type} is not accepted: send image/jpeg, image/png, image/webp, "
        "multipart/form-data or application/json."
    )


def test_no_content_type_is_said_to_be_none() -> None:
    with pytest.raises(UnsupportedPicture, match=r"^Content-Type \(none\) is not accepted"):
        read(data=DATA)


# Compressed bodies


class Unread:
    """A body that must stay where it is."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "deflate, gzip", "gzip, identity"])
def test_a_compressed_body_is_refused_unread(encoding: str) -> None:
    environ = EnvironBuilder(
        method="POST", content_type="image/jpeg", headers=[("Content-Encoding", encoding)]
    ).get_environ()
    asked = PictureRequest(environ | {"wsgi.input": Unread(), "CONTENT_LENGTH": "1000"})
    with pytest.raises(UnsupportedEncoding) as caught:
        read_upload(asked, timeout_s=1)
    assert str(caught.value) == (
        f"Content-Encoding {encoding.lower()} is not accepted: send the file as it is."
    )


@pytest.mark.parametrize("encoding", ["identity", "Identity ", ""])
def test_identity_is_no_compression(encoding: str) -> None:
    asked = request(data=DATA, content_type="image/jpeg", headers={"Content-Encoding": encoding})
    assert read_upload(asked, timeout_s=5).data == DATA


# Base64


@given(
    data=st.binary(min_size=1, max_size=200),
    gaps=st.lists(
        st.tuples(st.integers(0, 300), st.sampled_from([" ", "\n", "\r\n", "\t", "\f", "\v"])),
        max_size=20,
    ),
    prefix=st.sampled_from(["", "data:image/png;base64,", "data:;base64,"]),
)
@example(data=DATA, gaps=[(0, "\n"), (300, "\r\n")], prefix="data:image/png;base64,")
def test_base64_comes_back_as_it_was_however_it_is_wrapped(
    data: bytes, gaps: list[tuple[int, str]], prefix: str
) -> None:
    text = base64.b64encode(data).decode()
    for at, gap in gaps:
        text = text[:at] + gap + text[at:]
    assert read_json({"image": prefix + text}) == Upload(
        data, "image/png" if "png" in prefix else None
    )


@pytest.mark.parametrize(
    ("prefix", "media_type"),
    [
        ("", None),
        ("data:;base64,", None),
        ("data:image/jpeg;base64,", "image/jpeg"),
        ("data:image/webp;charset=utf-8;base64,", "image/webp"),
        ("data:IMAGE/PNG;BASE64,", "image/png"),
        ("data:text/plain;base64,", "text/plain"),
    ],
)
def test_a_data_url_says_what_it_is(prefix: str, media_type: str | None) -> None:
    assert read_json({"image": prefix + TEXT}) == Upload(DATA, media_type)


@pytest.mark.parametrize(
    "url",
    [f"data:image/jpeg,{TEXT}", f"data:image/jpeg;base64{TEXT}", "data:", "data:image/jpeg;base64"],
)
def test_another_data_url_is_malformed(url: str) -> None:
    with pytest.raises(MalformedRequest, match=r"^The data URL is not data:image/…;base64,…\.$"):
        read_json({"image": url})


@pytest.mark.parametrize(
    "text", ["§", "AAA", "A", "AA=A", "AA-_", "\ud800", f"{TEXT}*", f"\0{TEXT}"]
)
def test_what_is_not_base64_is_malformed(text: str) -> None:
    with pytest.raises(MalformedRequest, match=r"^The picture is not base64: .*\.$"):
        read_json({"image": text})


# JSON


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nothing", b"\xff\xfe", b'{"image": NaN}', b'{"a": Infinity}', b"[" * 100_000],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest, match=r"^The body is not JSON: ") as caught:
        read(data=body, content_type=JSON)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "document",
    [[], [TEXT], {}, {"photo": TEXT}, "x", 1, None, {"image": 1}, {"image": [TEXT]}],
)
def test_json_without_the_text_member_is_told_what_it_needs(document: object) -> None:
    with pytest.raises(MalformedRequest) as caught:
        read_json(document)
    assert str(caught.value) == (
        'The JSON needs one text member \'image\': {"image": "data:image/jpeg;base64,…"}.'
    )


# Forms


@pytest.mark.parametrize(
    ("declared", "media_type"),
    [
        ("image/png", "image/png"),
        ("image/jpeg; a=b", "image/jpeg"),
        ("application/octet-stream", None),
        (None, None),
    ],
)
def test_a_form_file_is_what_its_part_says_where_that_is_a_picture(
    declared: str | None, media_type: str | None
) -> None:
    assert read(**form(("image", DATA, declared))) == Upload(DATA, media_type)


def test_other_fields_of_a_form_do_not_matter() -> None:
    assert read(**form(("other", b"x", None), ("image", DATA, "image/png"))).data == DATA


@pytest.mark.parametrize(
    ("fields", "count"), [((), 0), (("photo",), 0), (("image", "image"), 2), (("image",) * 3, 3)]
)
def test_a_form_needs_exactly_one_picture(fields: tuple[str, ...], count: int) -> None:
    with pytest.raises(MalformedRequest) as caught:
        read(**form(*((field, DATA, "image/png") for field in fields)))
    assert str(caught.value) == (
        f"The form has {count} files named 'image': send exactly one, with a filename."
    )


def test_a_form_file_stays_in_memory() -> None:
    # Past 500 kB the framework would write it to disk.
    data = DATA * 2000
    asked = request(**form(("image", data, "image/png")))
    assert isinstance(asked.files["image"].stream, io.BytesIO)
    assert asked.files["image"].read() == data


# Empty and slow bodies


@pytest.mark.parametrize(
    "options",
    [
        {"data": b"", "content_type": "image/jpeg"},
        {"data": b'{"image": ""}', "content_type": JSON},
        {"data": b'{"image": "data:image/jpeg;base64,"}', "content_type": JSON},
        {"data": b'{"image": " "}', "content_type": JSON},
        form(("image", b"", "image/jpeg")),
    ],
)
def test_an_empty_picture_is_malformed(options: dict[str, Any]) -> None:
    with pytest.raises(MalformedRequest, match=r"^The picture is empty: send the bytes of one"):
        read(**options)


class Stalling:
    """A body whose rest does not come for two seconds."""

    def read(self, size: int = -1) -> bytes:
        gevent.sleep(2)
        return b""


def stalled(content_type: str) -> PictureRequest:
    environ = EnvironBuilder(method="POST", content_type=content_type).get_environ()
    return PictureRequest(environ | {"wsgi.input": Stalling(), "CONTENT_LENGTH": "1000"})


KINDS = pytest.mark.parametrize(
    "content_type", ["image/jpeg", JSON, "multipart/form-data; boundary=b"]
)


@KINDS
def test_a_body_that_stalls_is_given_up_in_time(content_type: str) -> None:
    with pytest.raises(SlowBody, match=r"^The body did not arrive within 0\.05 s\.$"):
        read_upload(stalled(content_type), timeout_s=0.05)


@KINDS
def test_a_body_is_given_up_at_the_callers_own_deadline_where_that_comes_first(
    content_type: str,
) -> None:
    with pytest.raises(DeadlineExceeded, match=r"^The body did not arrive before the request's"):
        read_upload(stalled(content_type), timeout_s=5, deadline_s=time.monotonic() + 0.05)
    with pytest.raises(SlowBody):
        read_upload(stalled(content_type), timeout_s=0.05, deadline_s=time.monotonic() + 5)


def test_a_deadline_that_has_passed_waits_for_nothing() -> None:
    with pytest.raises(DeadlineExceeded):
        read_upload(stalled("image/jpeg"), timeout_s=5, deadline_s=time.monotonic() - 1)


class LimitedRequest(PictureRequest):
    max_content_length = 100


def announcing(length: int | None) -> LimitedRequest:
    """A request whose body may have 100 bytes; without a length it is chunked."""
    asked = request()
    asked.environ.pop("CONTENT_LENGTH", None)
    if length is not None:
        asked.environ["CONTENT_LENGTH"] = str(length)
    return LimitedRequest(asked.environ)


def test_bodies_share_their_room_and_give_it_back() -> None:
    budget = BodyBudget(250)
    with budget.room_for(announcing(100)), budget.room_for(announcing(100)):
        with pytest.raises(NoRoomForBody), budget.room_for(announcing(51)):
            pass
        with budget.room_for(announcing(50)):
            pass
    with pytest.raises(ZeroDivisionError), budget.room_for(announcing(100)):
        _ = 1 / 0
    with budget.room_for(announcing(100)), budget.room_for(announcing(100)):
        pass


def test_a_body_without_a_length_takes_the_most_it_may_have() -> None:
    budget = BodyBudget(150)
    first, second = budget.room_for(announcing(None)), budget.room_for(announcing(51))
    with first, pytest.raises(NoRoomForBody), second:
        pass


def test_a_body_that_will_be_refused_unread_takes_no_room() -> None:
    budget = BodyBudget(100)
    with budget.room_for(announcing(100)), budget.room_for(announcing(101)):
        pass
