"""CPU per frame of `capture_quality` inside the real Triton: `make bench-scorer`.

Starts the server, scores the load tester's pictures one after the other, and divides the CPU time
that the model's processes and the server have used by the number of frames.
"""

import contextlib
import io
import os
import sys
import time

import numpy as np
import psutil
import requests
from numpy.typing import NDArray
from PIL import Image

from loadtest._analysis._hardware import read_hardware
from loadtest._load._payloads import make_payloads
from scripts._stack import LOGS, Child
from triton_runtime.settings import Settings

FRAMES = 2000
READY_TIMEOUT_S = 60


def cpu_s(process: psutil.Process) -> float:
    """User and system time of one process, its threads included."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    settings = Settings(quality_model="capture_quality")
    url = f"http://{settings.triton_host}:{settings.triton_http_port}/v2/models/capture_quality"
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "bench-scorer.out"
    variables = {"FRAMEGATE_QUALITY_MODEL": "capture_quality"}
    command = [sys.executable, "-m", "triton_runtime"]
    launcher = Child("triton", command, log=log, env=dict(os.environ) | variables)
    try:
        with requests.Session() as session:
            session.trust_env = False
            wait_ready(session, f"{url}/ready", launcher)
            pixels = [
                np.asarray(Image.open(io.BytesIO(payload)).convert("RGB"))
                for payload in make_payloads(0)
            ]
            score(session, url, pixels, len(pixels))
            processes = psutil.Process(launcher.pid).children(recursive=True)
            before = {process: cpu_s(process) for process in processes}
            started_s = time.monotonic()
            score(session, url, pixels, FRAMES)
            elapsed_s = time.monotonic() - started_s
            used = {process: cpu_s(process) - before[process] for process in processes}
            report(used, elapsed_s)
    finally:
        launcher.stop()
    return 0


def wait_ready(session: requests.Session, url: str, launcher: Child) -> None:
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while launcher.poll() is None and time.monotonic() < deadline_s:
        with contextlib.suppress(requests.RequestException):
            if session.get(url, timeout=5).ok:
                return
        time.sleep(0.1)
    sys.exit(f"Triton did not become ready:\n{launcher.last_words()}")


def score(
    session: requests.Session, url: str, pixels: list[NDArray[np.uint8]], frames: int
) -> None:
    head = (
        b'{"inputs":[{"name":"image","shape":[1,352,352,3],"datatype":"UINT8",'
        b'"parameters":{"binary_data_size":371712}}]}'
    )
    headers = {"Inference-Header-Content-Length": str(len(head))}
    for index in range(frames):
        body = head + pixels[index % len(pixels)].tobytes()
        session.post(f"{url}/infer", data=body, headers=headers, timeout=10).raise_for_status()


def report(used: dict[psutil.Process, float], elapsed_s: float) -> None:
    hardware = read_hardware()
    machine = f"{hardware.cpu_model}, {hardware.cpu_cores} cores"
    by_name: dict[str, float] = {}
    for process, seconds in used.items():
        name = process.name()
        by_name[name] = by_name.get(name, 0) + seconds
    print(f"{FRAMES} frames one after the other in {elapsed_s:.1f} s on {machine}")
    for name, seconds in by_name.items():
        print(f"  {name:24} {seconds * 1000 / FRAMES:6.2f} ms CPU per frame")


if __name__ == "__main__":
    sys.exit(main())
