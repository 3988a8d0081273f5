"""`make benchmark-vram`: memory and loading times of the zoo's models, through the real Triton."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.enrichment import catalog as catalogs
from backend.enrichment.catalog import CatalogInvalid
from benchmarks import report as reports
from scripts import make_standins
from scripts._settings import read_zoo_settings
from scripts._stack import Interrupted, StackError, interruptible, say
from scripts.vram import catalogue_update
from scripts.vram import options as command_line
from scripts.vram.campaign import RULE, Campaign
from scripts.vram.options import Options
from scripts.vram.place import GivenTriton, OwnTriton, Place
from scripts.vram.report import BenchmarkReport
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import BenchmarkError, UsageError
from scripts.vram.words import names
from scripts.zoo_models.configuration import STAND_IN, weights_of


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = command_line.read(arguments, catalogs.load())
        with interruptible():
            return run(options)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except (CatalogInvalid, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Nothing could be written: {error}.", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        print(f"Stopped by {interruption}; nothing is left running.", file=sys.stderr)
        return interruption.exit_code


def run(options: Options) -> int:
    """Measure, say what was found, and write it; returns the exit code."""
    sizes = read_zoo_settings().zoo_measurements if options.update_catalog else None
    campaign = Campaign(options)
    stopped: Interrupted | None = None
    try:
        campaign.measure(place_of(options))
    except Interrupted as interruption:
        stopped = interruption
        print(f"\nStopped by {stopped}; nothing is left running.", file=sys.stderr)
    except StackError as error:
        if not campaign.results:
            raise
        print(error, file=sys.stderr)
    if (report := campaign.report()) is not None:
        publish(report, options)
    if stopped is not None:
        return stopped.exit_code
    refused = update(sizes, campaign.results, options) if sizes else ()
    return 0 if campaign.is_whole and not refused else 1


def place_of(options: Options) -> Place:
    """The Triton to be asked; for one of the benchmark's own, with stand-ins where models are
    missing.

    Raises:
        UsageError: sizes of stand-ins would be written.
    """
    if options.given is not None:
        return GivenTriton(options.given.host, options.given.port, token=options.given.token)
    chosen = [spec.name for spec in options.specs]
    kind = ["--kind", options.kind] if options.kind else []
    with contextlib.redirect_stdout(sys.stderr):
        if make_standins.main([*chosen, *kind, "--repository", str(options.repository)]):
            raise BenchmarkError("The stand-ins could not be written.")
    stand_ins = [name for name in chosen if weights_of(options.repository / name) == STAND_IN]
    if stand_ins and options.update_catalog and not options.allow_stand_ins:
        raise UsageError(
            f"--update-catalog would write the sizes of stand-ins ({names(stand_ins)}), which are "
            "only the catalogue's estimates again. Name models that have real weights with "
            "--model, or say --allow-stand-ins."
        )
    return OwnTriton(options.repository)


def publish(report: BenchmarkReport, options: Options) -> None:
    """Show the report, and write both forms of it."""
    text = report.to_markdown()
    say(f"\n{RULE}\nBENCHMARK COMPLETE\n{RULE}\n\n{text}")
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(text, encoding="utf-8")
    settings = {
        "models": [spec.name for spec in options.specs],
        "requests": options.requests,
        "own_triton": options.given is None,
    }
    figures = reports.preamble(settings) | {"report": report.as_dict()}
    path = reports.write(figures, options.json, name="vram")
    say(f"Report saved to: {options.report}\nFigures saved to: {path}")


def update(path: Path, results: Sequence[BenchmarkResult], options: Options) -> tuple[str, ...]:
    """Hand the sizes to the zoo; returns the models whose sizes were refused."""
    made = catalogue_update.update(path, results, allow_stand_ins=options.allow_stand_ins)
    for sentence in catalogue_update.sentences(made, path):
        say(sentence)
    return made.refused


if __name__ == "__main__":
    sys.exit(main())
