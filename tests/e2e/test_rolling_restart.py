"""Gateways and Tritons restarted one by one under load: nobody who calls notices."""

import itertools
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from scripts.rolling_restart import Member, Pace, answers_200, roll
from tests.e2e.steady_load import SteadyLoad, Tally
from tests.pictures import astronaut, encode
from tests.processes import PROJECT, Gateway, Process, Triton, free_port, wait_until

pytestmark = pytest.mark.triton
JPEG = encode(astronaut((352, 352)), "JPEG")
NAMES = ("a", "b")
DRAIN_S = 2
WATCH_EVERY_S = 0.25
PACE = Pace(settle_s=0.5, steady_s=1.5, timeout_s=40)
# A machine under load may be slow; what is counted here is what gets lost.
PATIENT = {"FRAMEGATE_TRITON_TIMEOUT_MS": "15000"}


@dataclass(frozen=True)
class System:
    """Two gateways behind nginx, two Tritons behind both.

    Attributes:
        port: where nginx listens.
        out_folder: where a file takes a gateway out of service.
    """

    port: int
    out_folder: Path
    gateways: dict[str, Gateway]
    tritons: dict[str, Triton]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if shutil.which("nginx") is None:
        pytest.skip("missing: nginx (Debian: nginx-light)")
    folder = tmp_path_factory.mktemp("rolling")
    with ExitStack() as running:
        tritons = {name: running.enter_context(Triton(folder / f"triton-{name}")) for name in NAMES}
        urls = ",".join(triton.url for triton in tritons.values())
        gateways = {
            name: running.enter_context(
                Gateway(
                    folder / f"gateway-{name}",
                    triton_port=tritons[name].http_port,
                    FRAMEGATE_TRITON_URLS=urls,
                    FRAMEGATE_DRAIN_S=str(DRAIN_S),
                    **PATIENT,
                )
            )
            for name in NAMES
        }
        port = running.enter_context(nginx(folder / "nginx", gateways))
        yield System(port, folder / "nginx/out", gateways, tritons)


@contextmanager
def nginx(folder: Path, gateways: dict[str, Gateway]) -> Iterator[int]:
    """The configuration that is shipped, with this test's ports and folder."""
    (folder / "out").mkdir(parents=True)
    port = free_port()
    text = (PROJECT / "deploy/nginx/nginx.conf").read_text()
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{gateways['a'].port}"),
        ("127.0.0.1:8100", f"127.0.0.1:{gateways['b'].port}"),
        ("127.0.0.1:8080", f"127.0.0.1:{port}"),
        ("/run/framegate", str(folder)),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    # Its workers must see the folder, which is this test's user's alone.
    who = "user root; " if os.geteuid() == 0 else ""
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    command += ["-g", f"daemon off; {who}"]
    process = Process(folder, command, {})
    try:
        process.wait_answering(f"http://127.0.0.1:{port}/health/ready")
        yield port
    finally:
        process.stop()


def restarted_under_load(
    port: Callable[[], int], what: str, restart_all: Callable[[], None]
) -> tuple[Tally, Tally]:
    """What callers with lasting connections and callers with fresh ones met meanwhile."""
    lasting = SteadyLoad(port, JPEG, callers=4, keep_alive=True)
    fresh = SteadyLoad(port, JPEG, callers=2, keep_alive=False)
    with lasting, fresh:
        wait_until(lambda: min(lasting.tally().sent, fresh.tally().sent) > 20, what="load")
        restart_all()
        before = lasting.tally().sent, fresh.tally().sent
        wait_until(
            lambda: lasting.tally().sent > before[0] + 20 and fresh.tally().sent > before[1] + 20,
            what="load goes on",
        )
    for kind, tally in (("lasting", lasting.tally()), ("fresh", fresh.tally())):
        sys.stdout.write(
            f"{what}, {kind} connections: {tally.sent} sent over {tally.connections} connections, "
            f"{tally.lost.total()} lost, longest wait {tally.longest_s:.2f} s\n"
        )
    return lasting.tally(), fresh.tally()


def test_gateways_restarted_one_by_one_lose_nothing(system: System) -> None:
    members = [Member(name, f"{g.url}/health/ready") for name, g in system.gateways.items()]
    restarted: list[str] = []

    def restart(member: Member) -> None:
        gateway = system.gateways[member.name]
        assert gateway.stop() == 0
        restarted.append(member.name)
        gateway.start()

    def restart_all() -> None:
        roll(
            members,
            restart,
            out_folder=system.out_folder,
            pace=PACE,
            is_ready=answers_200,
            say=print,
        )

    lasting, fresh = restarted_under_load(lambda: system.port, "gateways behind nginx", restart_all)
    assert restarted == list(NAMES)
    assert (lasting.lost, fresh.lost) == ({}, {})
    # The balancer kept its callers' connections: nobody had to connect again.
    assert lasting.connections == 4


class Watcher:
    """A balancer that knows nothing but the probes: it connects callers to who was ready last."""

    def __init__(self, gateways: Iterable[Gateway]) -> None:
        self._gateways = tuple(gateways)
        self._ready = self._gateways
        self._turn = itertools.count()
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._enough.set()
        self._thread.join()

    def port(self) -> int:
        ready = self._ready
        return ready[next(self._turn) % len(ready)].port

    def _watch(self) -> None:
        while not self._enough.wait(WATCH_EVERY_S):
            probes = {g: Member("", f"{g.url}/health/ready") for g in self._gateways}
            if ready := tuple(g for g, probe in probes.items() if answers_200(probe)):
                self._ready = ready


def test_a_gateway_whose_probe_alone_is_watched_loses_nothing_either(system: System) -> None:
    gateway = system.gateways["a"]

    def restart() -> None:
        assert gateway.stop() == 0
        gateway.start()
        gateway.process.wait_answering(f"{gateway.url}/health/ready")

    with Watcher(system.gateways.values()) as watcher:
        lasting, fresh = restarted_under_load(watcher.port, "a gateway by its probe", restart)
    assert (lasting.lost, fresh.lost) == ({}, {})
    # Those who held a connection to it were told to make another one.
    assert lasting.connections > 4


def test_tritons_restarted_one_by_one_lose_nothing(system: System) -> None:
    members = [
        Member(name, f"{t.url}/v2/models/capture_quality/ready")
        for name, t in system.tritons.items()
    ]
    restarted: list[str] = []

    def restart(member: Member) -> None:
        triton = system.tritons[member.name]
        assert triton.stop() == 0
        restarted.append(member.name)
        triton.start()

    def restart_all() -> None:
        roll(members, restart, out_folder=None, pace=PACE, is_ready=answers_200, say=print)

    lasting, fresh = restarted_under_load(lambda: system.port, "Tritons", restart_all)
    assert restarted == list(NAMES)
    assert (lasting.lost, fresh.lost) == ({}, {})
