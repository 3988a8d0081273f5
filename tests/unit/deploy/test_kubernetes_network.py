"""Who may talk to whom in the cluster."""

import pytest

from tests.unit.deploy.manifests import (
    SYSTEMS,
    Resource,
    build,
    containers,
    named,
    of_kind,
)

EACH_SYSTEM = pytest.mark.parametrize("folder", SYSTEMS)
# Who may talk to whom: (from, to, port). A name in capitals is a namespace.
TALK = {
    ("INGRESS-NGINX", "gateway", 8000),
    ("MONITORING", "gateway", 8000),
    ("monitor", "gateway", 8000),
    ("loadtest", "gateway", 8000),
    ("gateway", "triton", 8003),
    ("monitor", "triton", 8003),
    ("monitor", "triton", 8002),
    ("MONITORING", "triton", 8002),
    ("gateway", "zoo", 8010),
    ("MONITORING", "zoo", 8010),
    ("MONITORING", "zoo", 8002),
    ("MONITORING", "monitor", 9105),
}


def peers(rule: Resource, side: str) -> set[str]:
    found = set()
    for peer in rule[side]:
        if "podSelector" in peer and "namespaceSelector" not in peer:
            found.add(peer["podSelector"]["matchLabels"]["app"])
        else:
            labels = peer["namespaceSelector"]["matchLabels"]
            found.add(labels["kubernetes.io/metadata.name"].upper())
    return found


def allowed(resources: tuple[Resource, ...], direction: str) -> set[tuple[str, str, int]]:
    found = set()
    for policy in of_kind(resources, "NetworkPolicy"):
        labels = policy["spec"]["podSelector"].get("matchLabels")
        for rule in policy["spec"].get(direction, []):
            for peer in peers(rule, "from" if direction == "ingress" else "to"):
                for port in rule["ports"]:
                    own = labels["app"] if labels else "anybody"
                    ends = (peer, own) if direction == "ingress" else (own, peer)
                    found.add((*ends, port["port"]))
    return found


@EACH_SYSTEM
def test_nobody_talks_to_anybody_but_those_who_must(folder: str) -> None:
    resources = build(folder)
    nobody = named(resources, "NetworkPolicy", "nobody")["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert allowed(resources, "ingress") == TALK
    # Whoever may be reached may also be asked for by the other side, and names by everybody.
    outward = {talk for talk in TALK if talk[0].islower() and talk[0] != "loadtest"}
    assert allowed(resources, "egress") == outward | {("anybody", "KUBE-SYSTEM", 53)}


@EACH_SYSTEM
def test_every_port_that_may_be_reached_is_a_container_s(folder: str) -> None:
    open_ports = {
        (found.labels["app"], port)
        for found in containers(build(folder))
        for port in found.ports.values()
    }
    assert {(to, port) for _, to, port in allowed(build(folder), "ingress")} <= open_ports


def test_the_load_test_may_reach_the_gateway_and_itself() -> None:
    assert allowed(build("loadtest"), "egress") == {
        ("loadtest", "loadtest", 5557),
        ("loadtest", "gateway", 8000),
    }
