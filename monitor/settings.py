"""Where the monitor finds Triton and the gateway, as the environment says it."""

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`FRAMEGATE_` prefixes each name."""

    model_config = SettingsConfigDict(
        env_prefix="FRAMEGATE_", frozen=True, secrets_dir=os.environ.get("FRAMEGATE_SECRETS_DIR")
    )

    triton_host: str = Field("127.0.0.1", min_length=1, description="Address Triton listens on.")
    triton_http_port: int = Field(8003, ge=1, le=65535, description="Triton's HTTP port.")
    triton_metrics_port: int = Field(8002, ge=1, le=65535, description="Triton's metrics port.")
    port: int = Field(8000, ge=1, le=65535, description="The gateway's port.")
    tls_cert: Path | None = Field(None, description="Certificate (PEM); with the key, HTTPS.")
    monitor_api_key: SecretStr | None = Field(
        None, description="Sent to the gateway when its metrics are read; scope metrics."
    )
    monitor_webhook: SecretStr | None = Field(
        None, description="URL that changes of the verdict are posted to, as JSON."
    )
