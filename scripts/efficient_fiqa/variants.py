"""What can be imported, and what is said of it in Triton's configuration."""

from dataclasses import dataclass
from enum import StrEnum


class Precision(StrEnum):
    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


# The largest difference of a score from fp32's that is imported without being asked to. The bands
# are 0.23 apart. fp32 is the graph itself and is held to TORCH_TO_ONNX.
DRIFT_LIMIT = {Precision.FP32: 1e-4, Precision.FP16: 0.01, Precision.INT8: 0.05}
TORCH_TO_ONNX = 1e-4

# Of the labels that the weights were trained on, 5 % are below 0.18, half below 0.40 and three
# quarters below 0.51. The best quarter is good and the worst one poor; the worst one ends at 0.28,
# on the straight line between the 5 % and the 50 % point.
BANDS = {"fair": 0.28, "good": 0.51}


@dataclass(frozen=True)
class Variant:
    precision: Precision
    random_weights: bool

    @property
    def name(self) -> str:
        if not self.random_weights:
            return f"edgenext-xxs-{self.precision}"
        suffix = "" if self.precision == Precision.FP32 else f"-{self.precision}"
        return f"edgenext-xxs-random{suffix}"

    def parameters(self, weights_sha256: str) -> dict[str, str]:
        """What `config.pbtxt` says in its parameters.

        Args:
            weights_sha256: of the ONNX file.
        """
        said = {
            "variant": self.name,
            "weights_sha256": weights_sha256,
            "bands": ",".join(f"{name}={limit:.2f}" for name, limit in BANDS.items()),
        }
        return said | ({"random_weights": "true"} if self.random_weights else {})
