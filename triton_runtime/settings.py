"""What the launcher of the embedded Triton can be told through the environment."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
# What is fetched, imported or made, and no part of the project.
ZOO_REPOSITORY = PROJECT / "var/models"


class Settings(BaseSettings):
    """Every value has a default that works on a laptop; `FRAMEGATE_` prefixes each name."""

    model_config = SettingsConfigDict(
        env_prefix="FRAMEGATE_", frozen=True, secrets_dir=os.environ.get("FRAMEGATE_SECRETS_DIR")
    )

    triton_host: str = Field("127.0.0.1", description="Address Triton listens on.")
    triton_http_port: int = Field(8003, ge=1, le=65535, description="Triton's HTTP port.")
    triton_grpc_port: int = Field(8001, ge=1, le=65535, description="Triton's gRPC port.")
    triton_metrics_port: int = Field(8002, ge=1, le=65535, description="Triton's metrics port.")
    triton_runtime: Path | None = Field(
        None, description="An unpacked Triton (bin/, lib/, backends/) instead of the wheel's."
    )
    triton_models_env: Path = Field(
        PROJECT / ".venv-triton", description="Virtual environment the models import from."
    )
    triton_repositories: Annotated[tuple[Path, ...], NoDecode] = Field(
        (PROJECT / "triton_models", ZOO_REPOSITORY),
        description="Model repositories, separated by commas.",
    )
    triton_config: str = Field(
        "cpu", description="Hardware profile: <model>/configs/<name>.pbtxt where a model has it."
    )
    triton_control_token: SecretStr | None = Field(
        None,
        description="Header value that model control asks for. Unset: a random one, so nobody's.",
    )
    internal_token: SecretStr | None = Field(
        None, description="Bearer token of the project's own processes; every scope."
    )
    triton_log: Path = Field(PROJECT / "var/log/triton.log", description="Triton's log file.")
    triton_traces_url: AnyHttpUrl | None = Field(
        None,
        description="Where Triton sends spans of traced requests, as OTLP over HTTP; unset: none.",
    )
    quality_model: str = Field(
        "baseline-synthetic", min_length=1, description="The model behind /v1/quality."
    )

    @field_validator("triton_repositories", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
