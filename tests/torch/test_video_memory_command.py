"""`python -m scripts.benchmark_video_memory`, from flags to files."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from scripts import benchmark_video_memory
from scripts.video_memory.engine import Engine
from tests.torch.embedded_triton import PROJECT

TIMEOUT_S = 90
TINY = (
    "--device cpu --clips 2 --frames 3 --frame-size 96x64 --patch-size 32 --token-size 16 "
    "--hidden 64 --layers 2 --detections 2 --rounds 2"
)


def test_a_run_leaves_its_figures_a_report_and_a_chart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    arguments = f"{TINY} --stage-log --out {out}"
    assert benchmark_video_memory.main(arguments.split()) == 0
    document = json.loads((out / "video-memory.json").read_text())
    assert document["answers"] == {"compared": 2 + 2 * 2 * 2, "different": 0}
    assert document["errors"]["clean"] is True
    assert document["errors"]["raised"] == 3
    assert document["gpu"] is None
    assert document["settings"]["sizes"]["clips"] == 2
    assert document["versions"]["torch"]
    assert len(document["questions"]) == 4
    assert all(one["transfer_ms"] > 0 for one in document["questions"])
    assert "Beside the original" in (out / "video-memory.md").read_text()
    assert (out / "video-memory.svg").read_text().startswith("<svg")
    printed = capsys.readouterr().out
    assert "[VRAM after detector loaded] allocated " in printed
    assert "(host memory standing for a GPU's)" in printed
    assert "frames kept on device, 2 clips: peak" in printed


def test_frames_on_the_device_show_in_its_peak_and_those_in_host_memory_do_not(
    tmp_path: Path,
) -> None:
    # Large beside what a process is busy with anyway: 9 MB of pixel values a clip, 8 clips.
    flags = (
        "--device cpu --clips 8 --frames 4 --frame-size 96x64 --patch-size 128 --token-size 64 "
        "--hidden 64 --layers 1 --rounds 1 --questions 1"
    )
    assert benchmark_video_memory.main([*flags.split(), "--out", str(tmp_path)]) == 0
    document = json.loads((tmp_path / "video-memory.json").read_text())
    grows = document["growth_bytes_per_clip"]
    pixels_bytes = document["sizes"]["pixels_bytes"]
    assert grows["device"] == pytest.approx(pixels_bytes, rel=0.25)
    assert abs(grows["host"]) < pixels_bytes / 4
    assert document["peak_bytes"]["device"] > document["peak_bytes"]["host"] + 6 * pixels_bytes


def test_ways_that_do_not_compute_the_same_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A model that sees frames kept on the device a little brighter.
    place = tmp_path / "sitecustomize.py"
    place.write_text(
        "import sys\n"
        "if any('scripts.lifecycle.holder' in word for word in sys.orig_argv):\n"
        "    from scripts.video_memory.engine import Engine\n"
        "    whole = Engine.kept\n"
        "    Engine.kept = lambda engine, clip, number: whole(engine, clip, number) + 1e-3\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{PROJECT}")
    assert Engine.kept.__name__ == "kept"  # in this process nothing is changed
    assert benchmark_video_memory.main([*TINY.split(), "--out", str(tmp_path / "out")]) == 1
    assert "are not the same: the two ways do not compute the same" in capsys.readouterr().out


def test_flags_that_do_not_go_together_are_exit_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert benchmark_video_memory.main(["--hidden", "100"]) == 2
    assert "no multiple of 64" in capsys.readouterr().err


def test_without_pytorch_it_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert benchmark_video_memory.main([]) == 2
    assert "make benchmark-video-memory" in capsys.readouterr().err


def test_ctrl_c_ends_what_was_started(tmp_path: Path) -> None:
    arguments = f"{TINY} --rounds 100000 --out {tmp_path / 'out'}"
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.benchmark_video_memory", *arguments.split()],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        too_late = threading.Timer(TIMEOUT_S, process.kill)
        too_late.start()
        try:
            assert process.stdout is not None
            children: list[psutil.Process] = []
            for line in process.stdout:
                if line.startswith("round 1:"):
                    children = psutil.Process(process.pid).children(recursive=True)
                    process.send_signal(signal.SIGINT)
                    break
            _, errors = process.communicate(timeout=TIMEOUT_S)
        finally:
            too_late.cancel()
            process.kill()
    assert process.returncode == 130
    assert "Stopped by SIGINT; nothing is left running." in errors
    assert "Traceback" not in errors
    assert len(children) == 1
    assert not children[0].is_running()
    assert not (tmp_path / "out").exists()
