"""What every manifest must keep: the schemas, no privilege, limits, and what it names exists."""

from typing import Any

import kubernetes_validate
import pytest

from backend import __version__
from tests.unit.deploy.manifests import (
    BUILDS,
    SYSTEMS,
    VERSION,
    WITH_PODS,
    Container,
    build,
    containers,
    named,
    of_kind,
)

# What the cluster's own profile `restricted` allows, and is used here.
VOLUMES = {"emptyDir", "configMap", "secret"}
SECRETS = {
    "framegate_api_keys",
    "framegate_internal_token",
    "framegate_loadtest_api_key",
    "framegate_monitor_api_key",
    "framegate_triton_control_token",
}
EACH_BUILD = pytest.mark.parametrize("folder", BUILDS)


@EACH_BUILD
def test_every_resource_keeps_the_schema(folder: str) -> None:
    for resource in build(folder):
        kubernetes_validate.validate(resource, VERSION, strict=True)


def test_the_schema_refuses_what_is_misspelt() -> None:
    wrong = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"prots": []},
    }
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


@EACH_BUILD
def test_everything_is_in_the_project_s_namespace(folder: str) -> None:
    for resource in build(folder):
        if resource["kind"] != "Namespace":
            assert resource["metadata"]["namespace"] == "framegate", resource["metadata"]["name"]


@pytest.mark.parametrize("folder", SYSTEMS)
def test_the_namespace_has_the_cluster_refuse_what_is_less_strict(folder: str) -> None:
    labels = named(build(folder), "Namespace", "framegate")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["pod-security.kubernetes.io/enforce-version"] == f"v{VERSION}"


def effective(container: Container, name: str) -> Any:
    """A setting of a container, or its pod's where it has none."""
    own = container.spec.get("securityContext", {})
    return own.get(name, container.pod.get("securityContext", {}).get(name))


@EACH_BUILD
def test_no_container_has_a_privilege(folder: str) -> None:
    found = list(containers(build(folder)))
    assert found
    for container in found:
        own = container.spec["securityContext"]
        assert effective(container, "runAsNonRoot") is True, container
        assert effective(container, "runAsUser") >= 1000, container
        assert effective(container, "seccompProfile") == {"type": "RuntimeDefault"}, container
        assert own["allowPrivilegeEscalation"] is False, container
        assert own["readOnlyRootFilesystem"] is True, container
        assert own["capabilities"] == {"drop": ["ALL"]}, container
        assert "privileged" not in own, container


@EACH_BUILD
def test_no_pod_reaches_its_host_or_the_cluster_s_interface(folder: str) -> None:
    for container in containers(build(folder)):
        pod = container.pod
        assert pod["automountServiceAccountToken"] is False, container
        # Names of services would become variables of the container.
        assert pod["enableServiceLinks"] is False, container
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), container
        assert not any("hostPort" in port for port in container.spec.get("ports", [])), container
        for volume in pod.get("volumes", []):
            assert volume.keys() - {"name"} <= VOLUMES, f"{container}: {volume['name']}"


@EACH_BUILD
def test_every_container_says_what_it_needs_and_what_it_may_take(folder: str) -> None:
    for container in containers(build(folder)):
        resources = container.spec["resources"]
        for side in ("requests", "limits"):
            assert {"cpu", "memory"} <= resources[side].keys(), f"{container}: {side}"


@EACH_BUILD
def test_every_emptied_volume_has_a_size(folder: str) -> None:
    for container in containers(build(folder)):
        for volume in container.pod.get("volumes", []):
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], f"{container}: {volume['name']}"


@EACH_BUILD
def test_every_image_is_the_project_s_in_its_own_version(folder: str) -> None:
    for container in containers(build(folder)):
        name, _, tag = container.spec["image"].partition(":")
        assert name.startswith("framegate/"), container
        assert tag == __version__, container


@EACH_BUILD
def test_every_mount_has_its_volume_and_every_volume_is_mounted(folder: str) -> None:
    for resource in of_kind(build(folder), *WITH_PODS):
        pod = resource["spec"]["template"]["spec"]
        claims = resource["spec"].get("volumeClaimTemplates", [])
        there = {volume["name"] for volume in pod.get("volumes", [])}
        there |= {claim["metadata"]["name"] for claim in claims}
        used = {
            mount["name"]
            for spec in (*pod.get("initContainers", []), *pod["containers"])
            for mount in spec.get("volumeMounts", [])
        }
        assert used == there, resource["metadata"]["name"]


@EACH_BUILD
def test_secrets_are_files_for_the_group_alone_and_those_that_are_known(folder: str) -> None:
    for container in containers(build(folder)):
        assert not any("valueFrom" in entry for entry in container.spec.get("env", [])), container
        for volume in container.pod.get("volumes", []):
            if secret := volume.get("secret"):
                assert secret["secretName"] == "framegate", container
                assert secret["defaultMode"] == 0o440, container
                assert {item["key"] for item in secret["items"]} <= SECRETS, container
                assert all(item["key"] == item["path"] for item in secret["items"]), container


@pytest.mark.parametrize("folder", SYSTEMS)
def test_configuration_that_is_mounted_is_built(folder: str) -> None:
    built = {r["metadata"]["name"]: r["data"] for r in of_kind(build(folder), "ConfigMap")}
    mounted = {
        volume["configMap"]["name"]
        for container in containers(build(folder))
        for volume in container.pod.get("volumes", [])
        if "configMap" in volume
    }
    assert mounted == set(built)
    commands = str([container.spec for container in containers(build(folder))])
    for data in built.values():
        for file in data:
            assert f"/scripts/{file}" in commands


@EACH_BUILD
def test_services_and_budgets_select_pods_that_exist(folder: str) -> None:
    resources = build(folder)
    found = list(containers(resources))
    for resource in of_kind(resources, "Service", "PodDisruptionBudget"):
        name = resource["metadata"]["name"]
        selector = resource["spec"]["selector"]
        wanted = selector.get("matchLabels", selector)
        selected = [c for c in found if wanted.items() <= c.labels.items()]
        assert selected, name
        for port in resource["spec"].get("ports", []):
            assert any(port["targetPort"] in c.ports for c in selected), name
    services = {r["metadata"]["name"] for r in of_kind(resources, "Service")}
    for resource in of_kind(resources, "StatefulSet"):
        assert resource["spec"]["serviceName"] in services


def test_a_gpu_is_asked_for_where_there_is_one_and_nowhere_else() -> None:
    asking = {
        folder: {
            str(c)
            for c in containers(build(folder))
            if "nvidia.com/gpu" in c.spec["resources"]["limits"]
        }
        for folder in BUILDS
    }
    assert asking.pop("overlays/gpu") == {"triton/triton", "zoo/triton"}
    assert not any(asking.values())
