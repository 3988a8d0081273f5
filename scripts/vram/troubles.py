"""What can go wrong, why, and what helps: one table for the program and for its document. Pure."""

import re
from dataclasses import dataclass
from enum import Enum

from backend.enrichment.zoo.server import OUT_OF_MEMORY

LONGEST_ERROR = 100
# What stands before a backend's own words, and says nothing that the row of the table does not.
_WRAPPINGS = re.compile(
    r"^(The model failed\. |Triton refused the request\. )?It says: |"
    r"\[StatusCode\.[A-Z_]+\] |"
    r"load failed for model '[^']*': version \d+ is at UNAVAILABLE state: |"
    r"Internal: |Failed to process the request\(s\) for model '[^']*', message: "
)


class BenchmarkError(Exception):
    """Ends the benchmark; the text is for the person at the terminal."""

    exit_code = 1


class UsageError(BenchmarkError):
    """Flags that make no sense."""

    exit_code = 2


@dataclass(frozen=True)
class Advice:
    says: str
    cause: str
    remedy: str


class Trouble(Enum):
    NO_GPU = Advice(
        "No GPU detected",
        "The driver is missing, or has no GPU",
        "Host memory of the models' processes is measured instead. To measure a GPU's, install "
        "NVIDIA's driver and see that `nvidia-smi` lists the GPU.",
    )
    NVML_MISSING = Advice(
        "NVML cannot be asked",
        "The driver's library is missing here, or is of another version than the driver",
        "nvidia-smi is asked instead, which is slower and as exact. In a container, "
        "NVIDIA_DRIVER_CAPABILITIES has to include `utility`.",
    )
    UNREACHABLE = Advice(
        "Triton cannot be reached",
        "Nothing answers gRPC at that address, or the server has died",
        "Check host and port, which is that of gRPC (8001 unless set), and Triton's log.",
    )
    WRONG_TOKEN = Advice(
        "Triton asks for another token",
        "Model control is guarded, and the token is missing or not the server's",
        "Name the variable that has it with --control-token-env; Triton has it from "
        "FRAMEGATE_TRITON_CONTROL_TOKEN.",
    )
    MISSING = Advice(
        "Model not found",
        "None of Triton's repositories has a folder of that name",
        "`make fetch NAME=…` gets it, `make standins` writes a stand-in; see --repository, too.",
    )
    LOADED = Advice(
        "Loaded already",
        "Somebody else uses this Triton",
        "Stop the zoo's process, or unload the model there: what others use is left alone.",
    )
    OUT_OF_MEMORY = Advice(
        "Out of memory",
        "An earlier model's memory has not come back, or what is free is too little",
        "See what else holds memory (`nvidia-smi`), and start Triton again; a Triton of the "
        "benchmark's own is started again by itself.",
    )
    NOTHING_SEEN = Advice(
        "No memory was seen",
        "The model computes elsewhere than is measured, or this user may not see its process",
        "Stand-ins hold a GPU's memory with --kind gpu. Otherwise run as the user who runs Triton, "
        "outside its container, and look at `nvidia-smi` while the model is loaded.",
    )
    KEPT = Advice(
        "Memory did not come back",
        "The backend keeps what an unloaded model had",
        "The zoo goes on charging for it; start Triton again before much of it is gone. A Triton "
        "of the benchmark's own is started again by itself.",
    )
    DIED = Advice(
        "The model's process died",
        "A crash in the model's code, or the kernel's killer for want of memory",
        "Look at Triton's log and at `dmesg`. A Triton of the benchmark's own is started again.",
    )
    UNDECIDED = Advice(
        "Triton is still at it",
        "A load or an unload takes longer than the benchmark waits",
        "Look at Triton's log; a model whose code hangs while it ends is never unloaded.",
    )
    FAILED = Advice(
        "Model failed",
        "Its code, its files or its configuration",
        "Triton's log has the whole reason. Check the model's packages, its files and the version "
        "of CUDA.",
    )

    def text(self, detail: str) -> str:
        """All of it, as one line."""
        detail = detail.removeprefix(self.value.says).strip(":. ")
        found = f"{self.value.says}: {detail}" if detail else self.value.says
        return f"{found}. {self.value.remedy}"


def trouble_of(reason: str) -> Trouble:
    """Which of them a reason of Triton's is."""
    words = reason.lower()
    if any(part in words for part in OUT_OF_MEMORY):
        return Trouble.OUT_OF_MEMORY
    for part, trouble in (
        ("asks for another token", Trouble.WRONG_TOKEN),
        ("cannot be reached", Trouble.UNREACHABLE),
        ("failed to poll", Trouble.MISSING),
        ("process died", Trouble.DIED),
        ("is still", Trouble.UNDECIDED),
        ("did not answer", Trouble.UNDECIDED),
    ):
        if part in words:
            return trouble
    return Trouble.FAILED


def shortened(trouble: Trouble, reason: str) -> str:
    """The reason after the trouble's name, in at most 100 characters."""
    before, text = "", " ".join(reason.split())
    while text != before:
        before, text = text, _WRAPPINGS.sub("", text)
    if not text.lower().startswith(trouble.value.says.lower()):
        text = f"{trouble.value.says}: {text}"
    return text if len(text) <= LONGEST_ERROR else f"{text[: LONGEST_ERROR - 1]}…"
