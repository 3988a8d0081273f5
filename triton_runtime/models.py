"""Which models the server loads at its start."""

import re
from pathlib import Path

from triton_runtime.errors import LaunchError
from triton_runtime.settings import Settings

# The gateway asks it for the measures of a picture that a model scores which has none of its own.
MEASURING_MODEL = "capture_quality"
_MEASURES = re.compile(r'^\s*parameters\s*\{\s*key:\s*"measures"', re.MULTILINE)


def wanted_at_start(settings: Settings) -> tuple[str, ...]:
    """The quality model and, where it names no measures of its own, the one that measures.

    Raises:
        LaunchError: a repository has no such model.
    """
    model = settings.quality_model
    if _MEASURES.search(_config(settings, model)):
        return (model,)
    _config(settings, MEASURING_MODEL)
    return (model, MEASURING_MODEL)


def _config(settings: Settings, model: str) -> str:
    for repository in settings.triton_repositories:
        for name in (f"configs/{settings.triton_config}.pbtxt", "config.pbtxt"):
            path: Path = repository / model / name
            if path.is_file():
                return path.read_text(errors="replace")
    places = ", ".join(map(str, settings.triton_repositories))
    raise LaunchError(
        f"There is no model {model} in {places}. FRAMEGATE_QUALITY_MODEL names the model that "
        "scores; one that is not shipped has an importer in scripts/."
    )
