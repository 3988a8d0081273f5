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
        LaunchError: no repository has the quality model. Without the other one this server can
            still be asked for scores, but not by the gateway.
    """
    model = settings.quality_model
    config = _config(settings, model)
    if config is None:
        places = ", ".join(map(str, settings.triton_repositories))
        raise LaunchError(
            f"There is no model {model} in {places}. FRAMEGATE_QUALITY_MODEL names the model that "
            "scores; one that is not shipped has an importer in scripts/."
        )
    if _MEASURES.search(config) or _config(settings, MEASURING_MODEL) is None:
        return (model,)
    return (model, MEASURING_MODEL)


def _config(settings: Settings, model: str) -> str | None:
    for repository in settings.triton_repositories:
        for name in (f"configs/{settings.triton_config}.pbtxt", "config.pbtxt"):
            path: Path = repository / model / name
            if path.is_file():
                return path.read_text(errors="replace")
    return None
