import ssl
from pathlib import Path

import pytest

from loadtest._errors import LoadtestError
from loadtest._load._address import Address, parse_address, tls_context


@pytest.mark.parametrize(
    ("url", "address", "host_header"),
    [
        ("http://a:8000", Address("http", "a", 8000, ""), "a:8000"),
        ("https://a.example/", Address("https", "a.example", 443, ""), "a.example"),
        ("http://[::1]:80/x/", Address("http", "::1", 80, "/x"), "[::1]"),
        ("HTTPS://a:80", Address("https", "a", 80, ""), "a:80"),
    ],
)
def test_a_url_is_read(url: str, address: Address, host_header: str) -> None:
    assert parse_address(url) == address
    assert address.host_header == host_header


@pytest.mark.parametrize(
    "url",
    [
        *("", "a:8000", "ftp://a", "http://", "http://a:x", "http://a:99999", "http://a b/"),
        *("http://user:secret@a/", "http://a/?q=1", "http://a/ü"),
    ],
)
def test_what_is_no_url_of_a_gateway_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(LoadtestError) as raised:
        parse_address(url)
    assert "secret" not in str(raised.value)


def test_without_a_word_certificates_are_verified() -> None:
    context = tls_context(None, insecure=False)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_insecure_verifies_nothing() -> None:
    context = tls_context(None, insecure=True)
    assert context.verify_mode == ssl.CERT_NONE
    assert not context.check_hostname


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    other = tmp_path / "note.txt"
    other.write_text("no certificate")
    with pytest.raises(LoadtestError, match=r"note\.txt holds no certificate"):
        tls_context(other, insecure=False)
    with pytest.raises(LoadtestError, match=r"cannot read .*absent\.pem: No such file"):
        tls_context(tmp_path / "absent.pem", insecure=False)
