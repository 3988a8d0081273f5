"""The gateways under measurement, each before the same Triton."""

import sys
from dataclasses import dataclass

from benchmarks.processes import STEADY_S, Processes, free_port, wait_answering
from benchmarks.triton import Triton
from scripts._stack import PROJECT, Child, read_procfile


@dataclass(frozen=True)
class Server:
    child: Child
    port: int


def start_gateway(processes: Processes, triton: Triton, model: str) -> Server:
    """The project's gateway, by the Procfile's command and with default settings."""
    port = free_port()
    command = read_procfile(PROJECT / "Procfile")["gateway"]
    variables = {
        "FRAMEGATE_PORT": str(port),
        "FRAMEGATE_TRITON_HTTP_PORT": str(triton.port),
        "FRAMEGATE_QUALITY_MODEL": model,
        "FRAMEGATE_INTERNAL_TOKEN": triton.internal_token,
        # Speed is measured, not quality.
        "FRAMEGATE_ALLOW_RANDOM_WEIGHTS": "true",
    }
    child = processes.start("gateway", command, variables)
    wait_answering(child, port, "/health/ready", steady_s=STEADY_S)
    return Server(child, port)


def start_reference(processes: Processes, triton: Triton, model: str) -> Server:
    """The reference gateway before the FP32 model of this name."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.reference"]
    command += ["--port", str(port), "--triton", triton.address, "--model", model]
    child = processes.start(f"reference-{model}", command, {})
    wait_answering(child, port, "/health")
    return Server(child, port)
