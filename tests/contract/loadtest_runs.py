"""`python -m loadtest` as a process against the known server, and what it wrote."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import STAGES_ALONE, KnownServer, Process, free_port

WITHIN_S = 60.0


@dataclass(frozen=True)
class Finished:
    exit_code: int
    summary: dict[str, Any]
    output: str

    @property
    def stages(self) -> list[dict[str, Any]]:
        return list(self.summary["stages"])

    def stage(self, users: int) -> dict[str, Any]:
        (found,) = (stage for stage in self.stages if stage["users"] == users)
        return found


def run_loadtest(
    folder: Path, server: KnownServer, *arguments: str, within_s: float = WITHIN_S, **settings: str
) -> Finished:
    """Run it to its end; what it shows is in the failure of a test, too."""
    results = folder / "run"
    command = [sys.executable, "-m", "loadtest", "--host", server.url, "--run-dir", str(results)]
    ports = {
        "FRAMEGATE_TRITON_METRICS_PORT": str(server.metrics_port),
        # Whatever Triton this machine may have, it is not the one under load.
        "FRAMEGATE_TRITON_HTTP_PORT": str(free_port()),
    }
    process = Process(folder / "loadtest", [*command, *arguments], STAGES_ALONE | ports | settings)
    try:
        exit_code = process.popen.wait(within_s)
    finally:
        process.stop()
    print(process.output)  # noqa: T201
    assert "Traceback" not in process.output, process.output
    summary = json.loads((results / "summary.json").read_text(encoding="utf-8"))
    return Finished(exit_code, summary, process.output)
