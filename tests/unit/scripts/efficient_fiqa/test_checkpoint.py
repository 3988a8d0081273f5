"""The checkpoint is fetched within bounds and believed by its digests alone."""

import hashlib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts.efficient_fiqa import checkpoint
from scripts.efficient_fiqa.checkpoint import EDGENEXT_XXS, Published
from scripts.efficient_fiqa.errors import SourceUnavailable, WrongFile

DATA = bytes(range(256)) * 1000


def published(data: bytes) -> Published:
    return replace(EDGENEXT_XXS, size_bytes=len(data), **checkpoint.digests(data))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Gives DATA for /right, more for /more, a part for /part and 404 else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bodies = {"/right": DATA, "/more": DATA + b"x", "/part": DATA[:-1]}
            body = bodies.get(self.path)
            self.send_response(200 if body else 404)
            if self.path == "/part":
                self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_digests_are_those_of_git_and_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    blob = subprocess.run(
        ["git", "hash-object", "file"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert checkpoint.digests(DATA) == {
        "git_sha1": blob.stdout.strip(),
        "sha256": hashlib.sha256(DATA).hexdigest(),
    }


def test_the_published_bytes_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    assert checkpoint.read(tmp_path / "file", published(DATA)) == DATA


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"size_bytes": len(DATA) + 1}, "has 256000 bytes; .* has 256001"),
        ({"git_sha1": "0" * 40}, r"git_sha1 is [0-9a-f]{40}; .* is 0{40}\."),
        ({"sha256": "0" * 64}, r"sha256 is [0-9a-f]{64}; .* is 0{64}\."),
    ],
)
def test_any_difference_refuses_the_file(
    tmp_path: Path, changed: dict[str, object], complaint: str
) -> None:
    (tmp_path / "file").write_bytes(DATA)
    with pytest.raises(WrongFile, match=complaint):
        checkpoint.read(tmp_path / "file", replace(published(DATA), **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["none", "."])
def test_what_cannot_be_read_is_said(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceUnavailable, match=r"cannot be read .* with --file"):
        checkpoint.read(tmp_path / path, published(DATA))


def test_the_checkpoint_is_fetched(server: str, tmp_path: Path) -> None:
    checkpoint.download(f"{server}/right", tmp_path / "file", published(DATA))
    assert (tmp_path / "file").read_bytes() == DATA


def test_no_more_is_fetched_than_the_checkpoint_has(server: str, tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match="sends more than the 256000 bytes"):
        checkpoint.download(f"{server}/more", tmp_path / "file", published(DATA))
    assert (tmp_path / "file").stat().st_size <= len(DATA)


def test_a_broken_transfer_is_found_out_by_its_size(server: str, tmp_path: Path) -> None:
    checkpoint.download(f"{server}/part", tmp_path / "file", published(DATA))
    with pytest.raises(WrongFile, match="has 255999 bytes"):
        checkpoint.read(tmp_path / "file", published(DATA))


@pytest.mark.parametrize("address", ["{server}/none", "http://127.0.0.1:1/x"])
def test_an_address_that_gives_nothing_is_said(server: str, tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceUnavailable, match=r"could not be fetched .* use --file"):
        checkpoint.download(address.format(server=server), tmp_path / "file", published(DATA))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "weights.pt", "ftp://a/b"])
def test_only_http_addresses_are_followed(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceUnavailable, match="is no http or https address"):
        checkpoint.download(address, tmp_path / "file", published(DATA))


def test_what_is_written_down_of_an_address_holds_no_secret() -> None:
    secret = "https://user:password@host.example:8443/a/b.pt?token=t#part"
    assert checkpoint.without_secrets(secret) == "https://host.example:8443/a/b.pt"
