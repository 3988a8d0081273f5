"""The configurations that an import writes, read as Triton reads them."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from scripts.efficient_fiqa import configurations
from scripts.efficient_fiqa.variants import BANDS, DRIFT_LIMIT, Precision, Variant

CONFIGS = sorted(configurations.TEMPLATES.glob("*.pbtxt"))
SHA256 = "ab" * 32


def parsed(path: Path) -> model_config_pb2.ModelConfig:
    return text_format.Parse(path.read_text(), model_config_pb2.ModelConfig())


@pytest.fixture
def written(tmp_path: Path) -> Path:
    variant = Variant(Precision.FP32, random_weights=True)
    configurations.write(tmp_path, 3, variant.parameters(SHA256))
    return tmp_path


def test_each_configuration_is_one_that_triton_reads(written: Path) -> None:
    names = [path.stem for path in sorted(written.glob("configs/*.pbtxt"))]
    assert names == [path.stem for path in CONFIGS]
    for path in [written / "config.pbtxt", *written.glob("configs/*.pbtxt")]:
        config = parsed(path)
        assert list(config.version_policy.specific.versions) == [3]
        said = {key: value.string_value for key, value in config.parameters.items()}
        assert said["variant"] == "edgenext-xxs-random"
        assert said["weights_sha256"] == SHA256
        assert said["bands"] == "fair=0.28,good=0.51"
        assert said["random_weights"] == "true"


def test_the_default_is_the_one_for_a_cpu(written: Path) -> None:
    assert (written / "config.pbtxt").read_text() == (written / "configs/cpu.pbtxt").read_text()
    config = parsed(written / "config.pbtxt")
    assert config.backend == "onnxruntime"
    (group,) = config.instance_group
    assert group.kind == model_config_pb2.ModelInstanceGroup.KIND_CPU
    assert config.parameters["threads"].string_value == "1"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_each_takes_pictures_gives_a_score_and_bounds_its_queue(path: Path) -> None:
    config = parsed(path)
    (image,), (score,) = config.input, config.output
    assert (image.name, list(image.dims)) == ("image", [352, 352, 3])
    assert image.data_type == model_config_pb2.TYPE_UINT8
    assert (score.name, list(score.dims)) == ("score", [1])
    assert score.data_type == model_config_pb2.TYPE_FP32
    policy = config.dynamic_batching.default_queue_policy
    assert policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT
    assert policy.default_timeout_microseconds == 2_000_000
    assert policy.max_queue_size == 64
    assert all(warmup.batch_size <= config.max_batch_size for warmup in config.model_warmup)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_only_the_original_waits_for_company(path: Path) -> None:
    batching = parsed(path).dynamic_batching
    waits = {"original-rtx3060": 100_000, "original-rtx5090": 50_000}
    assert batching.max_queue_delay_microseconds == waits.get(path.stem, 0)
    assert bool(batching.preferred_batch_size) == path.stem.startswith("original-")


def test_ours_for_a_card_has_the_original_s_batches_and_instances() -> None:
    for card in ("rtx3060", "rtx5090"):
        ours, theirs = (
            parsed(configurations.TEMPLATES / f"{name}.pbtxt")
            for name in (card, f"original-{card}")
        )
        assert ours.max_batch_size == theirs.max_batch_size
        assert ours.instance_group[0].count == theirs.instance_group[0].count


def test_the_accelerator_s_engine_covers_every_batch() -> None:
    config = parsed(configurations.TEMPLATES / "onnxruntime-tensorrt.pbtxt")
    (accelerator,) = config.optimization.execution_accelerators.gpu_execution_accelerator
    assert accelerator.name == "tensorrt"
    largest = f"image:{config.max_batch_size}x352x352x3"
    assert accelerator.parameters["trt_profile_max_shapes"] == largest


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        (Variant(Precision.FP32, random_weights=False), "edgenext-xxs-fp32"),
        (Variant(Precision.FP16, random_weights=False), "edgenext-xxs-fp16"),
        (Variant(Precision.INT8, random_weights=False), "edgenext-xxs-int8"),
        (Variant(Precision.FP32, random_weights=True), "edgenext-xxs-random"),
        (Variant(Precision.INT8, random_weights=True), "edgenext-xxs-random-int8"),
    ],
)
def test_each_variant_has_a_name_of_its_own(variant: Variant, name: str) -> None:
    assert variant.name == name
    assert ("random_weights" in variant.parameters(SHA256)) == variant.random_weights


def test_no_accepted_drift_is_as_wide_as_a_band() -> None:
    assert max(DRIFT_LIMIT.values()) < (BANDS["good"] - BANDS["fair"]) / 2
