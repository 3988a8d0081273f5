"""What the model zoo's process can be told through the environment; its only reader."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from backend.settings import SharedSettings, empty_as_unset, is_loopback

PROJECT = Path(__file__).resolve().parent.parent.parent


class Settings(SharedSettings):
    """Every value has a default that works on a laptop; `FRAMEGATE_` prefixes each name."""

    enrichment_triton_url: str = Field(
        "",
        pattern=r"^(([^\s/:]+|\[[0-9a-fA-F:]+\]):\d{1,5})?$",
        description="The zoo's Triton as host:port, gRPC; empty: host and gRPC port below.",
    )
    vram_budget_mb: int = Field(
        6963, ge=1, le=10_000_000, description="Memory for the zoo's models, in units of 2**20."
    )
    zoo_measurements: Path = Field(
        PROJECT / "var/zoo/measured.json",
        description="Where the zoo remembers how large its models are and how long they load.",
    )

    frame_cache_mb: int = Field(
        1024, ge=1, le=10_000_000, description="Host memory for frames of clips, in 2**20 bytes."
    )
    clip_quota_mb: int = Field(
        512, ge=1, le=10_000_000, description="What the clips of one key may take of it."
    )
    clips_per_key: int = Field(16, ge=1, le=10_000, description="Clips that one key may keep.")
    clip_ttl_s: float = Field(
        600, ge=1, le=86_400, description="How long a clip is kept after its last use."
    )
    max_clip_frames: int = Field(512, ge=1, le=10_000, description="Frames that a clip may have.")
    clip_jobs: int = Field(2, ge=1, le=32, description="Clips decoded or shown to models at once.")
    clip_queue: int = Field(8, ge=0, le=1000, description="Clips that may wait for it; 503 past.")
    memory_log: bool = Field(
        False, description="Log what models hold, every 10 micro-batches of a clip."
    )

    triton_host: str = Field("127.0.0.1", description="Address Triton listens on.")
    triton_grpc_port: int = Field(8001, ge=1, le=65535, description="Triton's gRPC port.")
    triton_control_token: SecretStr | None = Field(
        None,
        description="Header value that model control asks for. Unset: a random one, so nobody's.",
    )

    @field_validator("triton_control_token", mode="before")
    @classmethod
    def _empty_token_is_unset(cls, value: object) -> object:
        return empty_as_unset(value)

    @model_validator(mode="after")
    def _only_loopback_is_open_to_anyone(self) -> Self:
        known = self.internal_token is not None or self.allow_anonymous
        if not known and not is_loopback(self.enrichment_host):
            raise ValueError(
                f"FRAMEGATE_ENRICHMENT_HOST is {self.enrichment_host}, where anyone could call: "
                "set FRAMEGATE_INTERNAL_TOKEN here and for the gateway, or "
                "FRAMEGATE_ALLOW_ANONYMOUS=true"
            )
        return self

    @property
    def triton_address(self) -> str:
        """Where Triton answers gRPC, as host:port."""
        host = f"[{self.triton_host}]" if ":" in self.triton_host else self.triton_host
        return self.enrichment_triton_url or f"{host}:{self.triton_grpc_port}"

    @property
    def triton_port(self) -> int:
        """Of `triton_address`."""
        return int(self.triton_address.rpartition(":")[2])
