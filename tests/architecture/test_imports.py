"""Who may import whom: packages meet on the wire, and each foreign client has one door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import PROJECT

PACKAGES = ("backend", "monitor", "loadtest", "triton_runtime")
ALLOWED_BETWEEN = {("loadtest", "monitor")}
INSIDE_TRITON = (
    "triton_models",
    "triton_runtime/backends",
    "benchmarks/triton_models",
    "scripts/zoo_models/standin",
    "scripts/fetching/served",
)
# Foreign client → the only modules that may import it.
DOORS = {
    "tritonclient": {"backend/triton/grpc_server.py"},
    "simplejpeg": {"backend/images.py"},
    "cv2": {"backend/faces.py"},
    "av": {"backend/enrichment/clips/decoder_process.py"},
    "pynvml": {"monitor/sources/gpu.py", "backend/enrichment/memory/gpu.py"},
    "rich": {
        "monitor/output/screen/frame.py",
        "monitor/output/screen/live.py",
        "scripts/clips/progress.py",
        "scripts/fetching/progress.py",
        "scripts/vram/progress.py",
    },
    "grpc": set[str](),
    "locust": {
        "loadtest/locustfile.py",
        "loadtest/__main__.py",
        "loadtest/_course/_conductor.py",
        "loadtest/_load/_user.py",
    },
}
WITHOUT_THE_WEB = ("backend/errors", "backend/images", "backend/faces")
# Where a process begins: everything else is handed values.
BACKEND_SETTINGS_READERS = {
    f"backend/{app}/{module}"
    for app in ("gateway", "enrichment")
    for module in ("app.py", "gunicorn_conf.py")
}
ENVIRONMENT_READERS = {
    "backend/gateway/gunicorn_conf.py": "names prometheus_client's folder",
    "backend/web/metrics.py": "asks whether that folder was named",
    "loadtest/__main__.py": "whether a flag has its variable set",
    "loadtest/_report/_terminal.py": "whether colour is wanted",
    "monitor/cli.py": "hands on what decides colour and addresses",
    "triton_runtime/server.py": "hands the server its own environment",
}


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]
    assert found
    return found


def imported(path: Path) -> Iterator[str]:
    """Dotted names of what a module imports; relative imports are not used here."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name)
def test_packages_do_not_import_one_another(path: Path) -> None:
    home = name(path).split("/")[0]
    foreign = {*PACKAGES, "benchmarks", "scripts", "tests"} - {home}
    others = {
        root for imported_name in imported(path) if (root := imported_name.split(".")[0]) in foreign
    }
    assert {other for other in others if (home, other) not in ALLOWED_BETWEEN} == set()


def test_each_foreign_client_has_one_door() -> None:
    for client, doors in DOORS.items():
        users = {
            name(path)
            for path in modules(*PACKAGES, "scripts")
            if client in {imported_name.split(".")[0] for imported_name in imported(path)}
        }
        assert users == doors, client


def test_the_two_apps_of_the_backend_know_the_web_but_not_each_other() -> None:
    for path in modules("backend"):
        names = set(imported(path))
        if name(path).startswith(
            ("backend/web/", "backend/errors", "backend/images", "backend/faces")
        ):
            assert not {n for n in names if n.startswith("backend.gateway")}, name(path)
        for app, other in (("gateway", "enrichment"), ("enrichment", "gateway")):
            if name(path).startswith(f"backend/{app}/"):
                assert not {n for n in names if n.startswith(f"backend.{other}")}, name(path)
        if name(path).startswith(
            (
                "backend/errors",
                "backend/images",
                "backend/faces",
                "backend/triton/",
                "backend/enrichment/tasks/",
                "backend/enrichment/clips/",
            )
        ):
            assert not {n for n in names if n.startswith(("flask", "werkzeug", "backend.web"))}


def test_settings_are_read_only_where_a_process_begins() -> None:
    readers = {
        name(path)
        for path in modules("backend")
        if {"backend.settings.Settings", "backend.enrichment.settings.Settings"}
        & set(imported(path))
    }
    assert readers == BACKEND_SETTINGS_READERS


def test_the_environment_is_read_by_settings_modules_alone() -> None:
    for path in modules(*PACKAGES):
        if name(path) not in ENVIRONMENT_READERS:
            source = path.read_text()
            assert "os.environ" not in source, name(path)
            assert "getenv" not in source, name(path)


def test_locust_sees_one_locustfile() -> None:
    visible = [path.name for path in modules("loadtest") if not path.name.startswith("_")]
    assert visible == ["locustfile.py"]


@pytest.mark.parametrize("path", modules(*INSIDE_TRITON), ids=name)
def test_what_runs_inside_triton_is_python_3_10_with_the_container_s_packages(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 10))
    allowed = {
        "numpy", "openvino", "torch", "onnx", "onnx2torch", "triton_python_backend_utils",
        "functools", "itertools", "json", "math", "pathlib", "time", "unicodedata",
        "clip_tokenizer", "features", "measures", "network", "openvino_session", "torch_session",
    }  # fmt: skip
    assert {imported_name.split(".")[0] for imported_name in imported(path)} <= allowed
