"""The file of keys, line by line, and finding a key in it."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web.api_keys import ApiKey, KeysFile, Scope, find, new_key, parse, read, sha256

INFER = frozenset({Scope.INFER})
OLD, NEW, OTHER = (new_key() for _ in range(3))


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_new_key_is_256_random_bits_behind_the_prefix() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        assert key.startswith("fg_")
        assert len(key) == 3 + 43  # 32 bytes, six bits a character


def test_the_hash_is_sha256_of_the_key_as_sent() -> None:
    assert sha256("fg_x") == hashlib.sha256(b"fg_x").hexdigest()


def test_lines_become_keys_whatever_the_blanks_and_comments() -> None:
    text = (
        f"# who may call\n\n  camera\tinfer {sha256(OLD)}  # until June\n"
        f"prometheus  metrics,infer  {sha256(OTHER)}\n"
    )
    assert parse(text) == (
        (
            ApiKey("camera", INFER, sha256(OLD)),
            ApiKey("prometheus", frozenset({Scope.METRICS, Scope.INFER}), sha256(OTHER)),
        ),
        (),
    )


@given(
    name=st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    scopes=st.sets(st.sampled_from(Scope), min_size=1),
)
def test_a_line_reads_back_as_the_key_it_was_made_of(name: str, scopes: set[Scope]) -> None:
    key = ApiKey(name, frozenset(scopes), sha256(OLD))
    assert parse(f"{key.line}\n") == ((key,), ())


def test_all_problems_come_at_once_with_their_lines_and_the_right_lines_count() -> None:
    digest = sha256(OLD)
    keys, problems = parse(
        f"good infer {digest}\n"
        "# a comment\n"
        "camera infer\n"
        f"camera infer {OTHER}\n"
        f"camera infer,all {sha256(NEW)}\n"
        f"cam/era infer {sha256(NEW)}\n"
        f"again infer {digest}\n"
        f"camera infer {sha256(NEW).upper()}\n"
    )
    assert keys == (ApiKey("good", INFER, digest),)
    assert problems == (
        "line 3: 2 words instead of name, scopes and hash",
        "line 4: the hash is not 64 digits of lower-case hex",
        "line 5: the scopes are not some of infer, metrics, admin, by commas",
        "line 6: the name is not 1 to 64 of A-Z a-z 0-9 . _ -",
        "line 7: this key is listed already",
        "line 8: the hash is not 64 digits of lower-case hex",
    )


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    keys, problems = parse(text)
    assert len(keys) + len(problems) <= len(text.splitlines())


def test_each_of_several_keys_of_one_name_is_found_and_no_other() -> None:
    keys = tuple(ApiKey("camera", INFER, sha256(key)) for key in (OLD, NEW))
    assert find(keys, OLD) == keys[0]
    assert find(keys, NEW) == keys[1]
    for wrong in (OTHER, "", OLD[:-1], OLD + "x", sha256(OLD), "ü"):
        assert find(keys, wrong) is None
    assert find((), OLD) is None


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    line = ApiKey("camera", INFER, sha256(OLD)).line
    path = write(tmp_path / "keys", f"{line}\nbroken\n")
    assert read(path) == KeysFile(
        keys=(ApiKey("camera", INFER, sha256(OLD)),),
        problems=(f"{path}: line 2: 1 words instead of name, scopes and hash",),
    )


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_gives_no_keys(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "keys", ApiKey("camera", INFER, sha256(OLD)).line, mode)
    assert read(path) == KeysFile(problems=(f"others may write {path}: chmod 600 {path}",))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o444])
def test_a_file_that_others_may_read_is_a_warning(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "keys", ApiKey("camera", INFER, sha256(OLD)).line, mode)
    found = read(path)
    assert (len(found.keys), found.problems) == (1, ())
    assert found.warnings == (f"others may read {path}: chmod 600 {path}",)


def test_a_file_without_a_key_or_without_text_is_a_problem(tmp_path: Path) -> None:
    empty = write(tmp_path / "empty", "# none yet\n")
    assert read(empty).problems == (
        f"{empty}: there is no key in it: make one with `make key NAME=…`",
    )
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    for path in (binary, tmp_path, tmp_path / "missing"):
        (problem,) = read(path).problems
        assert problem.startswith(f"{path} cannot be read: ")
