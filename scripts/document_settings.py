"""Writes docs/settings.md from the settings modules: `python -m scripts.document_settings`."""

import sys
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.settings import Settings as BackendSettings
from loadtest._settings import LoadtestSettings
from monitor.settings import Settings as MonitorSettings
from triton_runtime.settings import PROJECT
from triton_runtime.settings import Settings as TritonSettings

DOCUMENT = "docs/settings.md"
READERS: dict[str, type[BaseSettings]] = {
    "gateway": BackendSettings,
    "enrichment": EnrichmentSettings,
    "triton": TritonSettings,
    "monitor": MonitorSettings,
    "loadtest": LoadtestSettings,
}
INTRODUCTION = """# Settings

All come from the environment; none is needed. Wrong values are reported all at once, before
anything starts. This page is written by `python -m scripts.document_settings`.

What is secret can be a file instead, as containers mount secrets: where `FRAMEGATE_SECRETS_DIR`
names a folder, its file `framegate_internal_token` stands for `FRAMEGATE_INTERNAL_TOKEN` where
that is not set, and so with every other name.

The load tester's flags have variables of their own, `FRAMEGATE_LOADTEST_…`:
`python -m loadtest --help` lists the flags.

| variable | default | meaning | read by |
|---|---|---|---|
"""


def render() -> str:
    """The whole document."""
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for reader, settings in READERS.items():
        for name, field in settings.model_fields.items():
            variable = f"FRAMEGATE_{name.upper()}"
            _, _, readers = rows.setdefault(
                variable, (_shown(field.default), field.description or "", [])
            )
            readers.append(reader)
    return INTRODUCTION + "".join(
        f"| `{variable}` | {default} | {meaning} | {', '.join(readers)} |\n"
        for variable, (default, meaning, readers) in rows.items()
    )


def _shown(default: object) -> str:
    if default is None or default == () or isinstance(default, SecretStr):
        return "unset"
    if isinstance(default, tuple):
        return ", ".join(_shown(part) for part in default)
    if isinstance(default, Path):
        return f"`{default.relative_to(PROJECT)}`"
    return f"`{default}`"


def main() -> int:
    (PROJECT / DOCUMENT).write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
