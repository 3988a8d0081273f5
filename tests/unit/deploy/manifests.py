"""The Kubernetes manifests as `kubectl` builds them, and the parts that tests ask for."""

import functools
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import PROJECT

KUBERNETES = PROJECT / "deploy/kubernetes"
VERSION = "1.34"
SYSTEMS = ("overlays/cpu", "overlays/gpu", "overlays/local")
BUILDS = (*SYSTEMS, "loadtest")
WITH_PODS = ("Deployment", "StatefulSet", "Job")

Resource = dict[str, Any]


@functools.cache
def build(folder: str) -> tuple[Resource, ...]:
    """Every resource of one build."""
    if shutil.which("kubectl") is None:
        pytest.skip("missing: kubectl")
    command = ["kubectl", "kustomize", str(KUBERNETES / folder)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(yaml.safe_load_all(text))


def of_kind(resources: tuple[Resource, ...], *kinds: str) -> list[Resource]:
    return [resource for resource in resources if resource["kind"] in kinds]


def named(resources: tuple[Resource, ...], kind: str, name: str) -> Resource:
    (found,) = (r for r in of_kind(resources, kind) if r["metadata"]["name"] == name)
    return found


@dataclass(frozen=True)
class Container:
    """One container with the pod that it is in."""

    owner: str
    labels: dict[str, str]
    pod: Resource
    spec: Resource

    @property
    def environment(self) -> dict[str, str]:
        return {entry["name"]: entry["value"] for entry in self.spec.get("env", [])}

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.spec.get("ports", [])}

    @property
    def secrets(self) -> set[str]:
        """The files of the pod's secret."""
        return {
            item["path"]
            for volume in self.pod.get("volumes", [])
            for item in volume.get("secret", {}).get("items", [])
        }

    def port(self, name: str | int) -> int:
        return name if isinstance(name, int) else self.ports[name]

    def __str__(self) -> str:
        return f"{self.owner}/{self.spec['name']}"


def containers(resources: tuple[Resource, ...]) -> Iterator[Container]:
    for resource in of_kind(resources, *WITH_PODS):
        template = resource["spec"]["template"]
        pod = template["spec"]
        for spec in (*pod.get("initContainers", []), *pod["containers"]):
            yield Container(resource["metadata"]["name"], template["metadata"]["labels"], pod, spec)


def container(resources: tuple[Resource, ...], owner: str, name: str) -> Container:
    (found,) = (c for c in containers(resources) if (c.owner, c.spec["name"]) == (owner, name))
    return found


def text_of(path: str) -> str:
    return (Path(KUBERNETES) / path).read_text()
