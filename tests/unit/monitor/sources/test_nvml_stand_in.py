"""The real pynvml over a libnvidia-ml.so.1 compiled here: symbols and structures are the real."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import PROJECT

SOURCE = Path(__file__).parent / "nvml_stand_in/nvml.c"
LIBRARY = "libnvidia-ml.so.1"
GIB = 2**30
DEADLINE_S = 60.0
# Nothing listens there, so the sample is of the GPUs alone.
NO_TRITON = "http://127.0.0.1:9"
ONCE = ("-m", "monitor", "--once", "--format", "json", "--triton", NO_TRITON)
READ_OFTEN = """
import json, sys
from dataclasses import asdict
from monitor.sources.gpu import GpuReader

times, *only = sys.argv[1:]
reader = GpuReader(only=only)
reader.check(0.0)
readings = [reader.read(float(second)) for second in range(int(times))]
reader.close()
print(json.dumps([[asdict(reading) for reading in moment] for moment in readings]))
"""

Compile = Callable[..., Path]
Json = dict[str, Any]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    if shutil.which("cc") is None:
        pytest.skip("missing: cc (Debian: gcc, libc6-dev)")

    def compiled(*flags: str) -> Path:
        folder = tmp_path_factory.mktemp("nvml")
        warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
        made = str(folder / LIBRARY)
        command = ["cc", "-shared", "-fPIC", *warnings, *flags, "-o", made, str(SOURCE)]
        subprocess.run(command, check=True)
        return folder

    return compiled


@pytest.fixture(scope="session")
def driver(compiled: Compile) -> Path:
    return compiled()


@pytest.fixture(scope="session")
def old_driver(compiled: Compile) -> Path:
    return compiled("-DOLD_DRIVER")


def answer(driver: Path, plays: str, *arguments: str) -> Any:
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": f"{driver}:{os.environ.get('LD_LIBRARY_PATH', '')}",
        "NVML_STAND_IN": plays,
        "PYTHONWARNINGS": "error",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def once(driver: Path, plays: str) -> Json:
    frame: Json = answer(driver, plays, *ONCE)
    return frame


def often(driver: Path, plays: str, times: int, *only: str) -> list[list[Json]]:
    moments: list[list[Json]] = answer(driver, plays, "-c", READ_OFTEN, str(times), *only)
    return moments


def gpu(index: int, **other: Any) -> Json:
    return {
        "index": index,
        "uuid": f"GPU-{index}",
        "name": f"Stand-in {index}",
        "utilization_percent": 70 + index,
        "memory_busy_percent": 30 + index,
        "memory_used_bytes": 20 * GIB,
        "memory_total_bytes": 80 * GIB,
        "temperature_celsius": 60 + index,
        "power_mw": 200000 + index,
        "energy_mj": 10_000_000_000,
        "clocks_event_reasons": 4,
        "missing": {},
        "mig_index": None,
        "memory_is_unified": False,
        "power_limit_mw": 300000 + index,
        "interval_energy_mj": None,
        "memory_ratio": 0.25,
        **other,
    }


def test_every_number_of_several_gpus_is_read_from_the_real_structures(driver: Path) -> None:
    frame = once(driver, "gpus=2")
    assert frame["gpus"] == [gpu(0), gpu(1)]
    assert "gpu" not in frame["missing"]


def test_an_old_driver_lacks_symbols_and_is_asked_the_old_way(old_driver: Path) -> None:
    # Its memory in use has what is reserved in it.
    assert once(old_driver, "")["gpus"] == [
        gpu(
            0,
            temperature_celsius=50,
            memory_used_bytes=25 * GIB,
            memory_ratio=25 / 80,
            clocks_event_reasons=8,
        )
    ]


@pytest.mark.parametrize(
    ("plays", "reason"),
    [
        ("nvmlInitWithFlags=9", "the NVIDIA driver is not loaded"),
        (
            "nvmlInitWithFlags=18",
            "NVML and the NVIDIA driver are of different versions; a reboot mends that",
        ),
        ("nvmlInitWithFlags=4", "NVML failed: Insufficient Permissions"),
        ("nvmlInitWithFlags=999", "NVML failed: Unknown Error"),
        ("gpus=0", "NVML finds no GPU"),
    ],
)
def test_without_a_working_driver_there_is_a_reason(driver: Path, plays: str, reason: str) -> None:
    frame = once(driver, plays)
    assert (frame["gpus"], frame["missing"]["gpu"]) == ([], reason)


def test_a_library_that_cannot_be_loaded_is_none(tmp_path: Path) -> None:
    (tmp_path / LIBRARY).write_text("no library", encoding="ascii")
    frame = once(tmp_path, "")
    assert frame["gpus"] == []
    assert frame["missing"]["gpu"] == "NVML was not found: no NVIDIA driver on this machine"


def test_what_one_gpu_does_not_support_is_missing_there_alone(driver: Path) -> None:
    plays = (
        "gpus=2 nvmlDeviceGetPowerUsage:1=3 nvmlDeviceGetTotalEnergyConsumption:1=3 "
        "nvmlDeviceGetEnforcedPowerLimit:1=3 nvmlDeviceGetUtilizationRates:1=4"
    )
    assert once(driver, plays)["gpus"] == [
        gpu(0),
        gpu(
            1,
            power_mw=None,
            energy_mj=None,
            power_limit_mw=350001,
            utilization_percent=None,
            memory_busy_percent=None,
            missing={
                "power": "not supported",
                "energy": "not supported",
                "utilization": "Insufficient Permissions",
            },
        ),
    ]


def test_a_divided_gpu_is_read_with_its_parts(driver: Path) -> None:
    whole, *parts = once(driver, "slots=0x21")["gpus"]
    assert whole == gpu(
        0,
        utilization_percent=None,
        memory_busy_percent=None,
        missing={"utilization": "not known while the GPU is divided (MIG)"},
    )
    assert [(part["mig_index"], part["uuid"], part["name"]) for part in parts] == [
        (0, "MIG-0-0", "Stand-in 0 MIG 1g.10gb"),
        (5, "MIG-0-5", "Stand-in 0 MIG 1g.10gb"),
    ]
    for part in parts:
        assert (part["index"], part["memory_used_bytes"]) == (0, 2.5 * GIB)
        assert part["memory_total_bytes"] == 10 * GIB
        assert part["power_mw"] is None
        assert set(part["missing"].values()) == {"told for the whole GPU"}


@pytest.mark.parametrize(
    "plays",
    ["total_bytes=0", "nvmlDeviceGetMemoryInfo=3 nvmlDeviceGetMemoryInfo_v2=3"],
)
def test_a_chip_without_memory_of_its_own_tells_the_hosts(driver: Path, plays: str) -> None:
    (reading,) = once(driver, plays)["gpus"]
    sizes = Path("/proc/meminfo").read_text(encoding="ascii").split()
    assert reading["memory_total_bytes"] == 1024 * int(sizes[1 + sizes.index("MemTotal:")])
    assert 0 < reading["memory_used_bytes"] < reading["memory_total_bytes"]
    assert reading["memory_is_unified"] is True
    assert reading["missing"] == {}


def test_a_name_that_is_no_text_costs_the_name_alone(driver: Path) -> None:
    assert once(driver, "undecodable=1")["gpus"] == [
        gpu(0, name=None, missing={"name": "the driver answered something that is no text"})
    ]


@pytest.mark.parametrize(("code", "reason"), [(15, "GPU is lost"), (16, "GPU requires restart")])
def test_a_gpu_that_is_lost_leaves_the_other_alone(driver: Path, code: int, reason: str) -> None:
    moments = often(driver, f"gpus=2 nvmlDeviceGetUtilizationRates:1@3={code}", 4)
    assert [moment[1]["utilization_percent"] for moment in moments] == [71, 71, None, None]
    assert set(moments[3][1]["missing"].values()) == {reason}
    assert moments[3][1]["name"] == "Stand-in 1"
    assert [moment[0]["utilization_percent"] for moment in moments] == [70] * 4


def test_after_an_unknown_error_nvml_is_opened_again_and_the_gpu_is_the_same(
    driver: Path,
) -> None:
    plays = "nvmlDeviceGetPowerUsage@2=999 nvmlDeviceGetPowerUsage@3=0"
    moments = often(driver, plays, 4)
    assert [moment[0]["power_mw"] for moment in moments] == [200000, None, 200000, 200000]
    assert [moment[0]["interval_energy_mj"] for moment in moments] == [None, 2500, 2500, 2500]


def test_a_driver_that_was_loaded_anew_counts_energy_from_there(driver: Path) -> None:
    moments = often(driver, "energy_mj@3=40 energy_mj@4=90", 4)
    assert [moment[0]["interval_energy_mj"] for moment in moments] == [None, 2500, None, 50]


def test_only_what_was_asked_for_is_read(driver: Path) -> None:
    plays = "gpus=3 slots:2=0x3"
    (moment,) = often(driver, plays, 1, "GPU-0", "MIG-2-1")
    assert [reading["uuid"] for reading in moment] == ["GPU-0", "MIG-2-1"]
