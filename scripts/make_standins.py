"""`python -m scripts.make_standins`: models for a machine that has not the weights of the zoo."""

import argparse
import difflib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from backend.enrichment.catalog import Catalog, CatalogInvalid, load
from scripts.zoo_models import places, standins
from scripts.zoo_models.configuration import STAND_IN, weights_of
from scripts.zoo_models.standins import Action, Device
from triton_runtime.settings import PROJECT

_DESCRIPTION = """\
Writes stand-ins for models of the zoo whose real files are not there: seeded networks that have
learnt nothing, with the inputs, the outputs and the memory of the models whose place they take.
They say "stand-in" in every answer. Real files are never touched, and a stand-in that an older
version of this program wrote is renewed.
"""


class _Refused(Exception):
    """What was asked for makes no sense; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        catalog = load()
        names = _chosen(given.names, catalog, every=given.all)
        if given.remove:
            _remove(given.repository, names)
        else:
            _make(given.repository, names, catalog, given.kind, quiet=given.all)
    except (_Refused, CatalogInvalid) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or given.repository}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.make_standins",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="For example: python -m scripts.make_standins yolo11-face paddleocr",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the catalogue's models")
    parser.add_argument("--all", action="store_true", help="every model of the catalogue")
    parser.add_argument(
        "--kind",
        choices=standins.DEVICES,
        help="whose memory they fill; default: as a stand-in that is there, else cpu; gpu needs "
        "PyTorch in the models' environment",
    )
    parser.add_argument(
        "--repository",
        type=Path,
        default=places.REPOSITORY,
        metavar="DIR",
        help="where to; default: var/models",
    )
    parser.add_argument("--remove", action="store_true", help="remove stand-ins instead")
    return parser


def _chosen(names: Sequence[str], catalog: Catalog, *, every: bool) -> list[str]:
    if not names and not every:
        raise _Refused("Name models of the catalogue, or all of them with --all.")
    for name in names:
        if name not in catalog:
            near = difflib.get_close_matches(name, catalog, n=3, cutoff=0.4)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(catalog)}."
            raise _Refused(f"The catalogue has no model {name!r}. {hint}")
    return list(catalog) if every else list(dict.fromkeys(names))


def _make(
    repository: Path, names: Sequence[str], catalog: Catalog, kind: Device | None, *, quiet: bool
) -> None:
    counts: Counter[str] = Counter()
    for name in names:
        place = repository / name
        if (PROJECT / "triton_models" / name).is_dir():
            outcome = "shipped: it needs no stand-in"
        else:
            files = standins.files_of(catalog[name], kind or standins.device_of(place))
            action = standins.action(place, files)
            if action in (Action.WRITE, Action.RENEW):
                standins.write(repository, name, files)
            outcome = action.value
        counts[outcome] += 1
        if not quiet or outcome in (Action.WRITE.value, Action.RENEW.value):
            print(f"{name:34} {outcome}", flush=True)
    if quiet:
        print("Stand-ins: " + "; ".join(f"{n} {outcome}" for outcome, n in counts.items()) + ".")


def _remove(repository: Path, names: Sequence[str]) -> None:
    for name in names:
        if weights_of(repository / name) == STAND_IN:
            places.remove(repository, name)
            print(f"{name:34} removed", flush=True)


if __name__ == "__main__":
    sys.exit(main())
