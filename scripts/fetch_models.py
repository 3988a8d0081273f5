"""`python -m scripts.fetch_models`: the zoo's models from their sources, made servable."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec

from backend.enrichment import catalog
from backend.enrichment.model_spec import ModelSpec
from scripts.fetching import options as command_line
from scripts.fetching import pins, sources
from scripts.fetching.errors import FetchFailed, HubUnreachable, UsageError
from scripts.fetching.options import Options
from scripts.fetching.progress import shown, table
from scripts.fetching.sources import Source
from scripts.zoo_models.configuration import STAND_IN, weights_of

_INTERRUPTED = 130
_NEEDS = ("torch", "transformers")


def main(arguments: list[str] | None = None) -> int:
    specs, where = catalog.load(), sources.load()
    try:
        given = command_line.read(arguments, tuple(specs))
        return run(given, specs, where)
    except FetchFailed as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. What was fetched is kept, and the next fetch goes on.", file=sys.stderr)
        return _INTERRUPTED


def run(given: Options, specs: Mapping[str, ModelSpec], where: Mapping[str, Source]) -> int:
    """Fetch the models that were asked for, one after the other.

    Returns:
        The exit code: 1 if any could not be had.
    """
    if given.list_only:
        _list(given, specs, where)
        return 0
    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"This needs {' and '.join(missing)}, which live in an environment of their own: run "
            "it with `make fetch NAME=…`, or make the environment with `python3 -m venv "
            ".venv-torch && .venv-torch/bin/pip install -r requirements/torch.txt` and use "
            ".venv-torch/bin/python."
        )
    import requests

    from scripts.fetching import fetching

    rows: list[tuple[str, str, str]] = []
    with fetching.alone(given.downloads), requests.Session() as session, shown() as progress:
        for name in given.names:
            try:
                outcome = fetching.fetch(specs[name], where[name], given, session, progress)
                rows.append((name, outcome.value, ""))
            except HubUnreachable as error:
                rows.append((name, "refused", str(error)))
                break
            except FetchFailed as error:
                rows.append((name, "refused", str(error)))
    table(("model", "outcome", "why"), rows)
    return 1 if any(outcome == "refused" for _, outcome, _ in rows) else 0


def _list(given: Options, specs: Mapping[str, ModelSpec], where: Mapping[str, Source]) -> None:
    locked = pins.read(given.lock)
    rows = []
    for name, spec in specs.items():
        source = where[name]
        pin = locked.get(name)
        revision = source.revision or (pin.revision if pin else None)
        here = weights_of(given.repository / name)
        state = "-" if here is None else "stand-in" if here == STAND_IN else "fetched"
        origin = f"{source.repository} @ {revision[:12] if revision else 'main'}"
        rows.append((name, state, spec.license, source.refusal or origin))
    table(("model", "here", "licence of the weights", "from"), rows)


if __name__ == "__main__":
    sys.exit(main())
