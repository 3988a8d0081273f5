"""What a Dockerfile says of its stages, each with what it has from the one it is built on."""

import json
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """One `FROM`, or one image where another stage is not built on it.

    Attributes:
        base: a stage's name or an image's.
        copied: paths of the project, as `COPY` names them.
        healthcheck: the command; empty where there is none.
    """

    base: str
    copied: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    ports: tuple[int, ...] = ()
    volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()


def instructions(path: Path) -> list[tuple[str, str]]:
    """Each instruction and what follows it, on one line."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.partition(" ")[2]) for line in whole.splitlines() if line]


def read(path: Path) -> dict[str, Stage]:
    """Its stages by name; one without a name is called as its file is."""
    stages: dict[str, Stage] = {}
    name = ""
    for instruction, rest in instructions(path):
        if instruction == "FROM":
            base, _, name = rest.partition(" AS ")
            name = name or path.name
            stages[name] = replace(stages[base], base=base) if base in stages else Stage(base)
        elif name:
            stages[name] = _with(stages[name], instruction, rest)
    return stages


def _with(stage: Stage, instruction: str, rest: str) -> Stage:
    match instruction:
        case "COPY" if not rest.startswith("--from"):
            return replace(stage, copied=(*stage.copied, *shlex.split(rest)[:-1]))
        case "ENV":
            added = dict(word.split("=", 1) for word in shlex.split(rest))
            return replace(stage, environment=stage.environment | added)
        case "USER":
            return replace(stage, user=rest)
        case "EXPOSE":
            return replace(stage, ports=(*stage.ports, *map(int, rest.split())))
        case "VOLUME":
            return replace(stage, volumes=(*stage.volumes, *json.loads(rest)))
        case "ENTRYPOINT":
            return replace(stage, entrypoint=tuple(json.loads(rest)))
        case "CMD":
            return replace(stage, command=tuple(json.loads(rest)))
        case "HEALTHCHECK":
            return replace(stage, healthcheck=tuple(json.loads(rest.partition("CMD ")[2])))
    return stage
