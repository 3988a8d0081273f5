"""What is read out of the package's wheel, and what is refused."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scripts import import_brisque
from scripts.brisque import wheel
from scripts.brisque.errors import ImportFailed
from tests.processes import PROJECT

HEADER = "svm_type epsilon_svr\nkernel_type rbf\ngamma 0.05\nnr_class 2\ntotal_sv 2\nrho -155.5\n"
VECTORS = "-1024 1:-0.5 36:0.25\n512.5 2:1\n"
RANGES = {"min_": [0.5] * 36, "max_": list(range(36))}


def files(text: str = f"{HEADER}SV\n{VECTORS}", ranges: object = RANGES) -> dict[str, bytes]:
    content = ranges if isinstance(ranges, bytes) else pickle.dumps(ranges)
    return {wheel.SVM: text.encode(), wheel.RANGES: content, wheel.LICENSE_TEXT: b"licence"}


def test_support_vectors_come_with_their_zeros() -> None:
    found = wheel.arrays(files())
    assert {name: values.shape for name, values in found.items()} == {
        "support": (2, 36),
        "coefficients": (2,),
        "minimum": (36,),
        "maximum": (36,),
        "gamma": (),
        "rho": (),
    }
    assert all(values.dtype == np.float32 for values in found.values())
    np.testing.assert_array_equal(found["coefficients"], [-1024, 512.5])
    first, second = found["support"]
    assert (first[0], first[35], np.count_nonzero(first).item()) == (-0.5, 0.25, 2)
    assert (second[1], np.count_nonzero(second).item()) == (1, 1)
    assert (float(found["rho"]), found["maximum"][35]) == (-155.5, 35)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (files(HEADER.replace("rbf", "linear") + "SV\n" + VECTORS), "no regression with radial"),
        (files(f"{HEADER}SV\n{VECTORS}1 1:1\n"), "has 3 vectors and announces another number"),
        (files(ranges={"min_": [1.0] * 36}), "does not hold two lists of numbers"),
        (files(ranges={"min_": [1.0] * 36, "max_": [1.0] * 35}), "is not about 36 features"),
        (files(ranges={"min_": ["x"] * 36, "max_": [1.0] * 36}), "two lists of numbers"),
        (files(ranges=b"\x80\x04nothing"), "does not hold two lists of numbers"),
        (files(ranges=Path("/")), r"wants pathlib\._?\w*\.?PosixPath, and numbers are expected"),
    ],
    ids=["kernel", "count", "one list", "length", "texts", "no pickle", "code"],
)
def test_files_that_are_not_what_they_were_are_refused(
    changed: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(ImportFailed, match=reason):
        wheel.arrays(changed)


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    class Mischief:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "touched",)

    with pytest.raises(ImportFailed, match="and numbers are expected"):
        wheel.arrays(files(ranges={"min_": Mischief()}))
    assert not (tmp_path / "touched").exists()


def test_another_wheel_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "brisque.whl"
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in files().items():
            archive.writestr(name, content)
    assert import_brisque.main([str(other)]) == 1
    assert "is not the wheel of brisque 0.2.0" in capsys.readouterr().err
    assert import_brisque.main([str(tmp_path / "nowhere")]) == 1
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_the_same_files_give_the_same_bytes_and_a_card_with_their_digests() -> None:
    written = import_brisque.outputs(files())
    assert written == import_brisque.outputs(files())
    assert set(written) == {
        "triton_models/brisque-quality/1/svr.npz",
        "triton_models/brisque-quality/1/svr.LICENSE",
        "triton_models/brisque-quality/config.pbtxt",
        "docs/models/brisque-quality.md",
    }
    with np.load(io.BytesIO(written["triton_models/brisque-quality/1/svr.npz"])) as stored:
        np.testing.assert_array_equal(stored["coefficients"], [-1024, 512.5])
    assert b"{" not in written["docs/models/brisque-quality.md"]


def test_the_committed_card_is_the_template_s() -> None:
    template = (PROJECT / "scripts/brisque/card.md").read_text()
    card = (PROJECT / "docs/models/brisque-quality.md").read_text()
    assert card.splitlines()[-20:] == template.splitlines()[-20:]
