"""What the model zoo's process can be told through the environment; its only reader."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.settings import is_loopback

PROJECT = Path(__file__).resolve().parent.parent.parent


class Settings(BaseSettings):
    """Every value has a default that works on a laptop; `FRAMEGATE_` prefixes each name."""

    model_config = SettingsConfigDict(env_prefix="FRAMEGATE_", frozen=True)

    enrichment_host: str = Field("127.0.0.1", description="Address of the model zoo's process.")
    enrichment_port: int = Field(8010, ge=1, le=65535, description="The model zoo's port.")
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

    triton_host: str = Field("127.0.0.1", description="Address Triton listens on.")
    triton_grpc_port: int = Field(8001, ge=1, le=65535, description="Triton's gRPC port.")
    triton_control_token: SecretStr | None = Field(
        None,
        description="Header value that model control asks for. Unset: a random one, so nobody's.",
    )
    internal_token: SecretStr | None = Field(
        None, description="Bearer token of the project's own processes; every scope."
    )
    allow_anonymous: bool = Field(
        False, description="Serve without keys although the address is not loopback."
    )
    max_body_bytes: int = Field(
        10 * 2**20, ge=1024, description="Largest request body; 413 past it."
    )
    max_pixels: int = Field(
        25_000_000, ge=1024, description="Largest picture, width x height; 413 past it."
    )
    body_timeout_s: float = Field(
        10, gt=0, le=600, description="Longest wait for a whole request body; 408 past it."
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least severe line logged."
    )

    @field_validator("triton_control_token", "internal_token", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        # Compose files hand on an unset variable as an empty one, and nobody means an empty secret.
        return None if value == "" else value

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
