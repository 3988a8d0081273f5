"""Imports from end to end, into repositories of their own."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from scripts.efficient_fiqa import checkpoint as fetching
from scripts.efficient_fiqa import graph, importing, repository
from scripts.efficient_fiqa.checkpoint import EDGENEXT_XXS, Published, digests
from scripts.efficient_fiqa.errors import DriftTooLarge, ImportRunning, WrongFile, WrongTensors
from scripts.efficient_fiqa.options import Options
from scripts.efficient_fiqa.pictures import made_pictures
from scripts.efficient_fiqa.variants import Precision
from scripts.efficient_fiqa.weights import network, random_weights
from scripts.import_efficient_fiqa import main


def options(folder: Path, **changed: object) -> Options:
    plain = Options(
        file=None,
        url=None,
        seed=0,
        precision=Precision.FP32,
        accept_drift=False,
        repository=folder,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def published(data: bytes) -> Published:
    """What would have to be known of these bytes for them to be believed."""
    return replace(EDGENEXT_XXS, size_bytes=len(data), **digests(data))


def checkpoint(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def quiet(line: str) -> None:
    pass


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.suffix != ".lock"
    }


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the comparison is not what is tested."""
    monkeypatch.setattr(importing, "_compare", lambda exact, file: 0.0)


def test_random_weights_become_a_version_that_says_what_it_is(tmp_path: Path) -> None:
    imported = importing.run(options(tmp_path, seed=7), quiet)
    model = tmp_path / "efficient_fiqa"
    assert imported.folder == model / "1"
    assert imported.findings.torch_to_onnx_max <= 1e-4
    written = json.loads((model / "1/provenance.json").read_text())
    sha256 = hashlib.sha256((model / "1/model.onnx").read_bytes()).hexdigest()
    assert written["random_weights"] is True
    assert written["source"] == {"kind": "random", "seed": 7}
    assert written["onnx"]["sha256"] == sha256
    assert "say nothing about any picture" in written["remark"]
    for config in [model / "config.pbtxt", *model.glob("configs/*.pbtxt")]:
        text = config.read_text()
        assert "versions: [ 1 ]" in text
        assert f'"weights_sha256", value: {{ string_value: "{sha256}" }}' in text
        assert '"random_weights", value: { string_value: "true" }' in text
        assert '"variant", value: { string_value: "edgenext-xxs-random" }' in text
    assert (model / "config.pbtxt").read_text() == (model / "configs/cpu.pbtxt").read_text()


def test_the_file_is_one_that_the_container_s_runtimes_read(tmp_path: Path) -> None:
    importing.run(options(tmp_path), quiet)
    model = onnx.load(str(tmp_path / "efficient_fiqa/1/model.onnx"))
    assert model.ir_version <= 9
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
    (image,), (score,) = model.graph.input, model.graph.output
    assert image.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [dim.dim_value for dim in image.type.tensor_type.shape.dim] == [0, 352, 352, 3]
    assert score.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert (image.name, score.name) == ("image", "score")
    # The embedded host's way to a GPU, onnx2torch, takes no bounds that the graph computes.
    assert "Clip" not in {node.op_type for node in model.graph.node}


def test_the_file_scores_as_torch_does_in_every_batch_size(tmp_path: Path) -> None:
    importing.run(options(tmp_path, seed=5), quiet)
    pictures = made_pictures(8, 11)
    expected = graph.torch_scores(network(random_weights(5)), pictures)
    assert expected.std() > 0.01
    for size in (1, 2, 5, 8):
        got = graph.scores(tmp_path / "efficient_fiqa/1/model.onnx", pictures, batch_size=size)
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.usefixtures("fast")
def test_a_checkpoint_is_imported_with_its_origin(tmp_path: Path) -> None:
    data = checkpoint(random_weights(1))
    file = tmp_path / "weights.pt"
    file.write_bytes(data)
    folder = tmp_path / "models"
    folder.mkdir()
    importing.run(options(folder, seed=None, file=file), quiet, published(data))
    written = json.loads((folder / "efficient_fiqa/1/provenance.json").read_text())
    assert written["random_weights"] is False
    assert written["variant"] == "edgenext-xxs-fp32"
    assert written["source"] == {
        "kind": "file",
        "name": "weights.pt",
        "repository": EDGENEXT_XXS.repository,
        "commit": EDGENEXT_XXS.commit,
        "path": EDGENEXT_XXS.path,
        **digests(data),
    }
    assert "licence is" not in written["remark"]
    assert "do not publish them" in written["remark"]
    assert '"random_weights"' not in (folder / "efficient_fiqa/config.pbtxt").read_text()


@pytest.mark.usefixtures("fast")
def test_a_checkpoint_is_fetched_and_its_address_kept_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = checkpoint(random_weights(1))
    monkeypatch.setattr(fetching, "download", lambda url, target, wanted: target.write_bytes(data))
    url = "https://user:secret@host.example/weights.pt?token=secret"
    importing.run(options(tmp_path, seed=None, url=url), quiet, published(data))
    text = (tmp_path / "efficient_fiqa/1/provenance.json").read_text()
    assert "secret" not in text
    assert json.loads(text)["source"]["address"] == "https://host.example/weights.pt"


@pytest.mark.usefixtures("fast")
def test_a_second_import_is_a_second_version_that_the_configurations_name(tmp_path: Path) -> None:
    importing.run(options(tmp_path, seed=1), quiet)
    first = contents(tmp_path / "efficient_fiqa/1")
    tuned = tmp_path / "efficient_fiqa/configs/tuned.pbtxt"
    tuned.write_text("an operator's own")
    assert importing.run(options(tmp_path, seed=2), quiet).version == 2
    assert contents(tmp_path / "efficient_fiqa/1") == first
    sha256 = hashlib.sha256((tmp_path / "efficient_fiqa/2/model.onnx").read_bytes()).hexdigest()
    for config in ("config.pbtxt", "configs/cpu.pbtxt", "configs/tensorrt.pbtxt"):
        text = (tmp_path / "efficient_fiqa" / config).read_text()
        assert "versions: [ 2 ]" in text
        assert sha256 in text
    assert tuned.read_text() == "an operator's own"
    assert not list(tmp_path.glob(".*incoming*"))


def _wrong_bytes(folder: Path) -> tuple[Options, Published]:
    file = folder / "weights.pt"
    file.write_bytes(b"x" * 100)
    return options(folder, seed=None, file=file), replace(EDGENEXT_XXS, size_bytes=100)


def _wrong_tensors(folder: Path) -> tuple[Options, Published]:
    data = checkpoint({"quality.0.bias": torch.zeros(128)})
    file = folder / "weights.pt"
    file.write_bytes(data)
    return options(folder, seed=None, file=file), published(data)


def _too_much_drift(folder: Path) -> tuple[Options, Published]:
    return options(folder, precision=Precision.INT8), EDGENEXT_XXS


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (_wrong_bytes, WrongFile),
        (_wrong_tensors, WrongTensors),
        (_too_much_drift, DriftTooLarge),
    ],
)
def test_a_failed_import_leaves_everything_as_it_was(
    tmp_path: Path,
    prepare: Callable[[Path], tuple[Options, Published]],
    error: type[Exception],
) -> None:
    importing.run(options(tmp_path), quiet)
    given, believed = prepare(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(error):
        importing.run(given, quiet, believed)
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("step", ["Exporting to ONNX.", "Comparing ONNX Runtime with torch."])
def test_ctrl_c_leaves_nothing_half_done(tmp_path: Path, step: str) -> None:
    def interrupt(line: str) -> None:
        if line == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.run(options(tmp_path), interrupt)
    assert contents(tmp_path) == {}
    assert not (tmp_path / "efficient_fiqa").exists()


@pytest.mark.usefixtures("fast")
def test_two_imports_at_once_do_not_mix(tmp_path: Path) -> None:
    with repository.staging(tmp_path), pytest.raises(ImportRunning, match="under way"):
        importing.run(options(tmp_path), quiet)
    assert importing.run(options(tmp_path), quiet).version == 1


def test_half_precision_is_near_and_half_as_large(tmp_path: Path) -> None:
    importing.run(options(tmp_path), quiet)
    imported = importing.run(options(tmp_path, precision=Precision.FP16), quiet)
    exact, half = (tmp_path / f"efficient_fiqa/{version}/model.onnx" for version in (1, 2))
    assert half.stat().st_size < 0.6 * exact.stat().st_size
    assert imported.variant.name == "edgenext-xxs-random-fp16"
    assert imported.findings.drift is not None
    assert 0 < imported.findings.drift.max <= 0.01
    weights = {one.data_type for one in onnx.load(str(half)).graph.initializer if one.dims}
    assert onnx.TensorProto.FLOAT16 in weights


@pytest.mark.usefixtures("fast")
def test_eight_bits_are_imported_once_their_drift_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--random-weights", "--precision", "int8", "--repository", str(tmp_path)]
    assert main(asked) == 1
    assert "--accept-drift" in capsys.readouterr().err
    assert main([*asked, "--accept-drift"]) == 0
    shown = capsys.readouterr().out
    assert "drift from fp32 over 24 pictures" in shown
    assert "RANDOM WEIGHTS" in shown
    model = onnx.load(str(tmp_path / "efficient_fiqa/1/model.onnx"))
    kinds = {node.op_type for node in model.graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    written = json.loads((tmp_path / "efficient_fiqa/1/provenance.json").read_text())
    assert written["findings"]["drift_accepted"] is True
    assert written["findings"]["drift"]["max"] > 0.05
