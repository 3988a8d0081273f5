"""How many hosts a number of cameras needs, by the service demand law."""

import math
from dataclasses import dataclass
from typing import Literal

from scripts.capacity.errors import CannotSay
from scripts.capacity.law import Law, Limit

# What separates a sum of floats from the whole number that it stands for.
_ROUNDING = 1e-9
# Of the gateway's gunicorn: connections that a worker takes, and how long it keeps an idle one.
WORKER_CONNECTIONS = 1_000
KEEPALIVE_S = 5.0

Layout = Literal["split", "together"]


@dataclass(frozen=True)
class Host:
    """One machine of the plan."""

    cores: int
    gpus: int
    nic_bytes_per_s: float


@dataclass(frozen=True)
class Wish:
    """What is to be carried, and on what.

    Attributes:
        headroom_ratio: of the hosts' capacity that stays free, 0 to less than 1.
        spare_hosts: of each kind, beyond what the load needs.
        assumed_ratio: how full a network card, and a worker of connections, may get.
        tensor_bytes: a frame's pixels on the way to Triton; None: not known.
    """

    cameras: int
    interval_s: float
    headroom_ratio: float
    spare_hosts: int
    layout: Layout
    host: Host
    assumed_ratio: float
    frame_bytes: float
    answer_bytes: float
    tensor_bytes: float | None

    @property
    def frames_per_s(self) -> float:
        return self.cameras / self.interval_s

    @property
    def connection_s(self) -> float:
        """For how long a frame holds a connection of its camera's, until the next frame does."""
        return min(self.interval_s, KEEPALIVE_S)

    @property
    def sized_per_s(self) -> float:
        """What hosts are counted for, headroom included."""
        return self.frames_per_s / (1 - self.headroom_ratio)


@dataclass(frozen=True)
class Need:
    """Something that a frame takes and a host has.

    Attributes:
        demand: per frame: seconds of it, or bytes.
        per_host: most that a host has; None: as many as it takes.
        counted: comes in whole pieces, of which a host gets no more than it needs.
    """

    what: str
    demand: float
    limit: Limit
    per_host: float | None
    counted: bool


@dataclass(frozen=True)
class Provided:
    """A need, met.

    Attributes:
        needed: for the load that hosts are counted for.
        per_host: what each host has of it.
        full_at_cameras: where it reaches its limit, spare hosts not counted; None: never.
    """

    what: str
    demand: float
    limit: Limit
    needed: float
    per_host: float
    full_at_cameras: float | None


@dataclass(frozen=True)
class Tier:
    """Hosts of one kind."""

    name: str
    hosts: int
    spare_hosts: int
    provided: tuple[Provided, ...]

    @property
    def all_hosts(self) -> int:
        return self.hosts + self.spare_hosts

    def per_host(self, what: str) -> int:
        return int(next((one.per_host for one in self.provided if one.what == what), 0.0))


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        gpu_w: of all GPUs, each as busy as at the knee; None: not measured.
    """

    frames_per_s: float
    sized_per_s: float
    tiers: tuple[Tier, ...]
    gateway_workers: int
    triton_servers: int
    gpus: int
    gpu_w: float | None


WORKERS, PROCESSORS, GPUS, SERVERS = "gateway workers", "processors", "GPUs", "Triton servers"
NETWORK_IN, NETWORK_OUT = "network in", "network out"


def plan(wish: Wish, demands: Law, gpu_w: float | None) -> Plan:
    """
    Args:
        gpu_w: of one GPU, as measured; None: not measured.

    Raises:
        CannotSay: the run computed on a GPU, and the hosts have none.
    """
    if demands.gpu_s and not wish.host.gpus:
        raise CannotSay("The run computed on a GPU, and the plan's hosts have none.")
    tiers = tuple(_tier(name, needs, wish) for name, needs in _needs(wish, demands).items())
    gateway, triton = tiers[0], tiers[-1]
    gpus = triton.per_host(GPUS) * triton.all_hosts
    servers = max(1, triton.per_host(GPUS), triton.per_host(SERVERS)) * triton.all_hosts
    # A run on a machine whose GPU had nothing to do needs none, and no power for any.
    return Plan(
        frames_per_s=wish.frames_per_s,
        sized_per_s=wish.sized_per_s,
        tiers=tiers,
        gateway_workers=gateway.per_host(WORKERS) * gateway.all_hosts,
        triton_servers=servers,
        gpus=gpus,
        gpu_w=None if gpu_w is None or not gpus else gpus * gpu_w,
    )


def _needs(wish: Wish, demands: Law) -> dict[str, tuple[Need, ...]]:
    """Tier → what its hosts must have; the gateway's tier first, Triton's last."""
    limits, host = demands.limits, wish.host
    workers = workers_needed(wish, demands)
    triton = [Need(GPUS, demands.gpu_s, limits["gpus"], host.gpus, True)] if demands.gpu_s else []
    if demands.triton_server_s is not None:
        triton += [
            Need(SERVERS, demands.triton_server_s, limits["triton_servers"], None, True),
        ]
    if wish.layout == "together":
        cpu_s = demands.gateway_cpu_s + demands.triton_cpu_s
        network = (_network(NETWORK_IN, wish.frame_bytes, wish),)
        return {"hosts": (workers, _processors(cpu_s, demands, host), *triton, *network)}
    tensor_bytes = wish.tensor_bytes or 0.0
    return {
        "gateway hosts": (
            workers,
            _processors(demands.gateway_cpu_s, demands, host),
            _network(NETWORK_IN, wish.frame_bytes, wish),
            _network(NETWORK_OUT, wish.answer_bytes + tensor_bytes, wish),
        ),
        "Triton hosts": (
            _processors(demands.triton_cpu_s, demands, host),
            *triton,
            _network(NETWORK_IN, tensor_bytes, wish),
        ),
    }


def workers_needed(wish: Wish, demands: Law) -> Need:
    """By what asks for more of them: their computing, or the connections of cameras that pause."""
    computing = Need(WORKERS, demands.gateway_cpu_s, demands.limits["gateway_workers"], None, True)
    share_s = wish.connection_s / WORKER_CONNECTIONS
    holding = Need(WORKERS, share_s, Limit(wish.assumed_ratio, "assumed"), None, True)
    return max(computing, holding, key=lambda need: need.demand / need.limit.ratio)


def _processors(cpu_s: float, demands: Law, host: Host) -> Need:
    return Need(PROCESSORS, cpu_s, demands.limits["processors"], host.cores, False)


def _network(what: str, frame_bytes: float, wish: Wish) -> Need:
    limit = Limit(wish.assumed_ratio, "assumed")
    return Need(what, frame_bytes, limit, wish.host.nic_bytes_per_s, False)


def _tier(name: str, needs: tuple[Need, ...], wish: Wish) -> Tier:
    needed = {need.what: wish.sized_per_s * need.demand / need.limit.ratio for need in needs}
    hosts = max(
        1,
        *(whole(needed[need.what] / need.per_host) for need in needs if need.per_host is not None),
    )
    provided = []
    for need in needs:
        per_host = need.per_host or 0.0
        if need.counted:
            per_host = max(1, whole(needed[need.what] / hosts))
        most_per_s = hosts * per_host * need.limit.ratio / need.demand if need.demand else None
        provided.append(
            Provided(
                what=need.what,
                demand=need.demand,
                limit=need.limit,
                needed=needed[need.what],
                per_host=per_host,
                full_at_cameras=None if most_per_s is None else most_per_s * wish.interval_s,
            )
        )
    return Tier(name, hosts, wish.spare_hosts, tuple(provided))


def whole(amount: float) -> int:
    """The least whole number that is enough."""
    return math.ceil(amount * (1 - _ROUNDING))


def fills(made: Plan) -> list[tuple[str, Provided]]:
    """What gets full as cameras are added, first to last, and only another host would help."""
    known = [
        (tier.name, one)
        for tier in made.tiers
        for one in tier.provided
        if one.full_at_cameras is not None and one.what not in (WORKERS, SERVERS)
    ]
    return sorted(known, key=lambda item: item[1].full_at_cameras or 0.0)
