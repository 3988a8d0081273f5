"""The self-signed certificate: for which names, and a key that nobody else can read."""

import shutil
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import certs

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is missing: apt-get install openssl"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(certs, "FOLDER", tmp_path / "tls")
    return tmp_path / "tls"


def ask(monkeypatch: pytest.MonkeyPatch, *names: str) -> int:
    monkeypatch.setattr(sys, "argv", ["certs", *names])
    return certs.main()


@pytest.mark.parametrize(
    ("names", "alternatives"),
    [
        (["localhost"], "DNS:localhost"),
        (["localhost", "127.0.0.1", "::1"], "DNS:localhost,IP:127.0.0.1,IP:::1"),
        (["a", "10.0.0.7", "a", "10.0.0.7"], "DNS:a,IP:10.0.0.7"),
        (["10.0.0", "999.1.1.1", "fe80::1"], "DNS:10.0.0,DNS:999.1.1.1,IP:fe80::1"),
    ],
)
def test_addresses_and_names_are_told_apart_and_named_once(
    names: list[str], alternatives: str
) -> None:
    assert certs.alternative_names(names) == alternatives


@needs_openssl
def test_a_pair_is_written_that_serves_and_whose_key_is_private(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "this-machine")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    folder.mkdir()
    key.touch(mode=0o644)
    assert ask(monkeypatch, "10.0.0.7", "camera.local") == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    shown = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-ext", "subjectAltName"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.splitlines()[1].strip() == (
        "DNS:localhost, IP Address:127.0.0.1, DNS:this-machine, IP Address:10.0.0.7, "
        "DNS:camera.local"
    )
    said = capsys.readouterr()
    assert said.out == (
        "Valid for 90 days. Serve over HTTPS with:\n"
        f"FRAMEGATE_TLS_CERT={certificate} FRAMEGATE_TLS_KEY={key} make up\n"
    )
    assert said.err == ""


@needs_openssl
def test_what_openssl_refuses_is_passed_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(monkeypatch, "a,nonsense:b") == 1
    assert capsys.readouterr().err.startswith("openssl failed: ")


def test_without_openssl_its_package_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert ask(monkeypatch) == 1
    said = capsys.readouterr()
    assert said.err == "openssl is missing. On Debian: apt-get install openssl\n"
    assert said.out == ""
    assert not folder.exists()
