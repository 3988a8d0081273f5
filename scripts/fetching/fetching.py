"""One model from its source to the folder that Triton serves."""

import contextlib
import fcntl
import hashlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import requests

from backend.enrichment.model_spec import ModelSpec
from scripts.fetching import agreement, download, given, graph, hub, networks, pins, text, yolo
from scripts.fetching.errors import CannotWrite, FetchRunning, NotFetchable
from scripts.fetching.graph import Comparison
from scripts.fetching.installing import Made, Origin, install, installed
from scripts.fetching.options import Options
from scripts.fetching.pins import Pin
from scripts.fetching.progress import Progress
from scripts.fetching.sources import Builder, Source


class Outcome(StrEnum):
    FETCHED = "fetched"
    THERE = "already there"


@dataclass(frozen=True)
class Files:
    """What a model is made of, on this machine."""

    weights: Path
    folder: Path
    origin: Origin


def fetch(
    spec: ModelSpec,
    source: Source,
    options: Options,
    session: requests.Session,
    progress: Progress,
    sleep: hub.Sleep = time.sleep,
) -> Outcome:
    """Fetch, convert, check and install one model, or leave everything as it is.

    Raises:
        FetchFailed: says what to do.
    """
    if options.file is not None:
        files = _given_files(options.file, spec, source)
    else:
        _check_fetchable(spec, source, options)
        pin = _pin(spec.name, source, options)
        if _is_there(spec, pin, options):
            return Outcome.THERE
        files = _downloaded(spec, source, pin, options, session, progress, sleep)

    def make(folder: Path) -> Made:
        return _make(spec, source, files, folder, progress)

    install(options.repository, spec, files.origin, options.kind, make)
    if options.file is None and not options.keep_downloads:
        shutil.rmtree(files.folder, ignore_errors=True)
    return Outcome.FETCHED


@contextlib.contextmanager
def alone(downloads: Path) -> Iterator[None]:
    """Two at once would write into the same file.

    Raises:
        FetchRunning: another holds the lock.
        CannotWrite: the folder cannot be written to.
    """
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        lock = (downloads / ".lock").open("w")
    except OSError as error:
        raise CannotWrite(f"{downloads} cannot be written to ({error.strerror}).") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FetchRunning(f"Another fetch into {downloads} is under way.") from error
        yield


def _check_fetchable(spec: ModelSpec, source: Source, options: Options) -> None:
    if source.refusal:
        raise NotFetchable(f"{source.refusal[0].upper()}{source.refusal[1:]}.")
    if source.builder is Builder.YOLO:
        yolo.check_installed()
    if source.builder is Builder.TEXT and options.kind == "KIND_GPU":
        raise NotFetchable(
            "It reads its prompts in a program of its own, which computes on the CPU alone: fetch "
            "it with --kind cpu."
        )


def _pin(name: str, source: Source, options: Options) -> Pin | None:
    """What the model is held to; None where it was never fetched and names no commit."""
    locked = pins.read(options.lock).get(name)
    if (
        locked is not None
        and locked.repository == source.repository
        and source.revision in (None, locked.revision)
    ):
        return locked
    return Pin(source.repository, source.revision, {}) if source.revision else None


def _is_there(spec: ModelSpec, pin: Pin | None, options: Options) -> bool:
    origin = installed(options.repository, spec.name)
    if origin is None or options.force:
        return False
    return pin is None or origin.revision in (None, pin.revision)


def _given_files(file: Path, spec: ModelSpec, source: Source) -> Files:
    if spec.prompts:
        raise NotFetchable(
            "It takes prompts as text, and no one file has what turns them to numbers."
        )
    takes = {Builder.OSNET, Builder.YOLO}
    if file.suffix != ".onnx" and source.builder not in takes:
        raise NotFetchable(f"Of a file, it is made of an ONNX export alone; {file.name} is none.")
    try:
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise NotFetchable(f"{file} cannot be read ({error.strerror}).") from error
    return Files(file, file.parent, Origin(f"file {file.name}", file.name, {file.name: sha256}))


def _downloaded(
    spec: ModelSpec,
    source: Source,
    pin: Pin | None,
    options: Options,
    session: requests.Session,
    progress: Progress,
    sleep: hub.Sleep,
) -> Files:
    asked = pin.revision if pin else "main"
    progress.step(f"{spec.name}: asking for {source.repository} at {asked}.")
    found = hub.listing(session, options.hub, source.repository, asked, sleep=sleep)
    pin = pin or Pin(source.repository, found.revision, {})
    weights = next((name for name in source.weights if name in found.files), None)
    if weights is None:
        raise NotFetchable(
            f"{source.repository} at {pin.revision} has none of {', '.join(source.weights)}."
        )
    folder = options.downloads / source.repository.replace("/", "--") / pin.revision
    for path in (*source.files, weights):
        sha256 = download.download(
            session,
            options.hub,
            hub.file_url(options.hub, source.repository, pin.revision, path),
            folder / path,
            sha256=pin.files.get(path),
            on_bytes=progress.file(f"{spec.name} {path}"),
            sleep=sleep,
        )
        pin = pin.with_file(path, sha256)
        pins.write(options.lock, {**pins.read(options.lock), spec.name: pin})
    address = f"{options.hub.address}/{source.repository}"
    wanted = {path: pin.files[path] for path in (*source.files, weights)}
    origin = Origin(address, weights, wanted, pin.revision, found.license)
    return Files(folder / weights, folder, origin)


def _make(spec: ModelSpec, source: Source, files: Files, folder: Path, progress: Progress) -> Made:
    """Write a version's folder."""
    path = folder / "model.onnx"
    if files.weights.suffix == ".onnx":
        progress.step(f"{spec.name}: checking {files.weights.name}.")
        given.take(files.weights, spec, path)
        return Made("onnxruntime", _check_given(spec, path), labels_checked=False)
    if source.builder is Builder.TEXT:
        return text.make(spec, files.weights, files.folder, folder, progress)
    network = networks.build(source.builder, spec, files.weights, files.folder)
    labels_checked = agreement.check_labels(spec, network.labels, source.aliases)
    progress.step(f"{spec.name}: converting to ONNX.")
    batches = [(graph.pictures(spec, size),) for size in graph.BATCH_SIZES]
    graph.export(network.module, path, spec.inputs, spec.outputs, batches[-1])
    opened = graph.session(path)
    agreement.check_ports(*graph.ports(opened), spec.inputs, spec.outputs)
    progress.step(f"{spec.name}: comparing ONNX Runtime with PyTorch.")
    comparison = graph.compare_with(network.module, opened, batches)
    return Made("onnxruntime", comparison, labels_checked)


def _check_given(spec: ModelSpec, path: Path) -> Comparison:
    opened = graph.session(path)
    agreement.check_ports(*graph.ports(opened), spec.inputs, spec.outputs)
    return graph.compare_alone(opened, (graph.pictures(spec, graph.BATCH_SIZES[-1]),))
