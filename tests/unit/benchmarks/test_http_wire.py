"""Answers are found in bytes whatever the pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.http_wire import Incomplete, Response, parse, post

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\nRetry-After: 1\r\n\r\n"
    b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(("whole", "status"), [(PLAIN, 200), (CHUNKED, 503)])
def test_a_whole_answer_is_read_and_no_part_of_one(whole: bytes, status: int) -> None:
    for length in range(len(whole)):
        with pytest.raises(Incomplete):
            parse(whole[:length])
    answer = parse(whole)
    assert (answer.status, answer.body) == (status, b"hello")


def test_header_names_are_found_in_any_case() -> None:
    answer = parse(CHUNKED)
    assert b"\r\nretry-after: 1\r\n" in answer.head


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    data = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello"
    with pytest.raises(Incomplete):
        parse(data)
    answer = parse(data, ended=True)
    assert answer.body == b"hello"
    assert answer.closes


def test_keep_alive_is_what_holds_unless_the_server_says_otherwise() -> None:
    assert not parse(PLAIN).closes


def test_what_is_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse(b"SSH-2.0-OpenSSH\r\n\r\n")


@given(body=st.binary(max_size=200))
def test_a_request_announces_the_length_of_its_body(body: bytes) -> None:
    head, _, sent = post("/path", body, "image/jpeg").partition(b"\r\n\r\n")
    assert sent == body
    assert head.startswith(b"POST /path HTTP/1.1\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


@given(chunks=st.lists(st.binary(min_size=1, max_size=50), max_size=5))
def test_chunks_are_joined(chunks: list[bytes]) -> None:
    coded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = parse(head + coded + b"0\r\n\r\n")
    assert answer == Response(200, answer.head, b"".join(chunks))


def test_a_request_may_have_further_headers() -> None:
    head, _, body = post("/infer", b"body", "text/plain", {"X-Length": "2"}).partition(b"\r\n\r\n")
    assert body == b"body"
    assert head.split(b"\r\n")[-2:] == [b"Content-Length: 4", b"X-Length: 2"]
