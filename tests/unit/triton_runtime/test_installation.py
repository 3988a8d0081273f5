"""What is found on disk, and the sentence for what is not."""

import os
from pathlib import Path

import pytest

from tests.unit.triton_runtime.fake_installation import (
    VERSION,
    installation,
    write_models_env,
    write_script,
    write_unpacked,
)
from triton_runtime.errors import LaunchError
from triton_runtime.installation import (
    BACKEND_FILES,
    HOSTS,
    STUB,
    assemble_backends,
    check_glibc,
    check_numpy,
    check_stub,
    find,
    find_libpython,
    probe_python,
)


@pytest.fixture(autouse=True)
def a_c_library_that_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "confstr", {"CS_GNU_LIBC_VERSION": "glibc 2.36"}.get)


@pytest.mark.parametrize("reported", ["glibc 2.35", "glibc 2.36", "glibc 2.41-12", "glibc 3.0"])
def test_a_new_c_library_passes(reported: str) -> None:
    check_glibc(reported)


@pytest.mark.parametrize(
    ("reported", "named"),
    [
        ("glibc 2.34", "glibc 2.34"),
        ("glibc 2.9", "glibc 2.9"),
        ("glibc 1.99", "glibc 1.99"),
        ("musl 2.99", "musl 2.99"),
        ("", "another C library"),
    ],
)
def test_an_old_or_another_c_library_is_refused(reported: str, named: str) -> None:
    with pytest.raises(LaunchError) as caught:
        check_glibc(reported)
    assert str(caught.value) == (
        f"Triton's binary needs glibc 2.35 or newer and this system has {named}: "
        "use Debian 12, Ubuntu 22.04 or later, or the container."
    )


def test_the_c_library_is_looked_at_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: None)
    with pytest.raises(LaunchError, match="another C library"):
        find(tmp_path / "nowhere", None)


@pytest.mark.parametrize("below", ["", "x86_64-linux-gnu"])
def test_libpython_is_found_where_python_says_or_below(tmp_path: Path, below: str) -> None:
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    (folder / f"libpython{VERSION}.so.1.0").touch()
    assert find_libpython(VERSION, tmp_path, "x86_64-linux-gnu") == folder


def test_a_missing_libpython_names_its_package(tmp_path: Path) -> None:
    (tmp_path / f"libpython{VERSION}.a").touch()
    with pytest.raises(LaunchError) as caught:
        find_libpython(VERSION, tmp_path, "x86_64-linux-gnu")
    assert str(caught.value) == (
        "libpython3.77.so.1.0 is missing: Triton's Python backend needs a Python built with a "
        "shared library. On Debian: apt-get install libpython3.77. With pyenv: "
        "PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install."
    )


@pytest.mark.parametrize("version", ["1.26.4", "1.9.0"])
def test_numpy_1_passes(version: str) -> None:
    check_numpy(version, Path("env"))


@pytest.mark.parametrize("version", ["2.0.0", "2.0.0rc1", "3.1", "10.0"])
def test_numpy_2_is_refused(version: str) -> None:
    with pytest.raises(LaunchError) as caught:
        check_numpy(version, Path("env"))
    assert str(caught.value) == (
        f"env has numpy {version}, with which Triton's Python backend answers wrong tensors. "
        "Install numpy<2 there: `make envs` does."
    )


def test_no_numpy_is_refused() -> None:
    with pytest.raises(LaunchError, match=r"^numpy is not installed in env\. Run `make envs`\.$"):
        check_numpy(None, Path("env"))


def test_the_models_python_describes_itself(tmp_path: Path) -> None:
    write_models_env(tmp_path)
    python = probe_python(tmp_path)
    assert python == installation(tmp_path).python.__class__(
        bin_dir=tmp_path / "bin",
        version=VERSION,
        libpython_dir=tmp_path / "libdir",
        site_packages=tmp_path / "site-packages",
    )


def test_an_environment_without_python_or_with_one_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        probe_python(tmp_path)
    assert str(caught.value) == f"There is no Python in {tmp_path}. Run `make envs`."
    write_script(tmp_path / "bin/python", "echo no such module >&2; exit 3")
    with pytest.raises(LaunchError) as caught:
        probe_python(tmp_path)
    assert str(caught.value) == f"{tmp_path}/bin/python does not run: no such module"
    write_script(tmp_path / "bin/python", "echo hello")
    with pytest.raises(LaunchError, match="is not a Python that runs"):
        probe_python(tmp_path)
    (tmp_path / "bin/python").chmod(0o644)
    with pytest.raises(LaunchError, match="is not a Python that runs"):
        probe_python(tmp_path)


@pytest.mark.parametrize(
    ("numpy", "libpython", "complaint"),
    [("2.1.0", True, "has numpy 2.1.0"), ("1.26.4", False, "libpython3.77.so.1.0 is missing")],
)
def test_the_environment_is_checked_when_it_is_probed(
    tmp_path: Path, numpy: str, libpython: bool, complaint: str
) -> None:
    write_models_env(tmp_path, numpy=numpy, libpython=libpython)
    with pytest.raises(LaunchError, match=complaint):
        probe_python(tmp_path)


def test_a_stub_for_this_python_or_that_names_none_passes(tmp_path: Path) -> None:
    stub = tmp_path / STUB
    for content in (b"\0libpython3.77.so.1.0\0", b"\0statically linked\0", b""):
        stub.write_bytes(content)
        check_stub(stub, VERSION)


def test_a_stub_for_another_python_is_refused(tmp_path: Path) -> None:
    stub = tmp_path / STUB
    stub.write_bytes(b"\xff\0libpython3.10.so.1.0\0")
    with pytest.raises(LaunchError) as caught:
        check_stub(stub, "3.1")
    assert str(caught.value) == (
        "This Triton's Python backend is for Python 3.10 and the models' environment has 3.1. "
        "Set FRAMEGATE_TRITON_MODELS_ENV or pack the other stub."
    )


def test_an_unpacked_server_is_found_whole(tmp_path: Path) -> None:
    write_unpacked(tmp_path)
    write_models_env(tmp_path / "env")
    assert find(tmp_path / "env", tmp_path) == installation(tmp_path)


@pytest.mark.parametrize(
    "missing", ["bin/tritonserver", *(f"backends/python/{name}" for name in (*BACKEND_FILES, STUB))]
)
def test_an_incomplete_unpacked_server_names_what_is_missing(tmp_path: Path, missing: str) -> None:
    write_unpacked(tmp_path)
    write_models_env(tmp_path / "env")
    (tmp_path / missing).unlink()
    with pytest.raises(LaunchError) as caught:
        find(tmp_path / "env", tmp_path)
    assert str(caught.value) == (
        f"Triton is incomplete: {tmp_path / missing} is missing. "
        "FRAMEGATE_TRITON_RUNTIME must hold bin/tritonserver, lib/ and backends/python/."
    )


def test_a_found_stub_must_fit_the_environment(tmp_path: Path) -> None:
    write_unpacked(tmp_path, linked="3.10")
    write_models_env(tmp_path / "env")
    with pytest.raises(LaunchError, match=r"is for Python 3\.10 and the models'"):
        find(tmp_path / "env", tmp_path)


def test_without_the_wheel_the_remedy_is_to_install_it(tmp_path: Path) -> None:
    write_models_env(tmp_path)
    with pytest.raises(LaunchError) as caught:
        find(tmp_path, None)
    server = tmp_path / "site-packages/pytriton/tritonserver/bin/tritonserver"
    assert str(caught.value) == f"Triton is incomplete: {server} is missing. Run `make envs`."


def test_backends_are_copied_side_by_side(tmp_path: Path) -> None:
    write_unpacked(tmp_path)
    found = installation(tmp_path)
    found.stub.chmod(0o600)
    folder = tmp_path / "assembled"
    assemble_backends(found, folder)
    assert {path.name for path in (folder / "python").iterdir()} == {*BACKEND_FILES, STUB}
    stub = folder / "python" / STUB
    assert stub.read_bytes() == found.stub.read_bytes()
    assert os.access(stub, os.X_OK)
    hosts = {path.name for path in HOSTS.iterdir() if path.name != "__pycache__"}
    assert {path.name for path in folder.iterdir()} == {"python"} | hosts
    for path in folder.rglob("*"):  # the server refuses links out of it
        assert not path.is_symlink()
        assert path.name != "__pycache__"
    assert (folder / "onnxruntime/model.py").read_text() == (
        HOSTS / "onnxruntime/model.py"
    ).read_text()
