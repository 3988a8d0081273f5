"""Where the monitor finds Triton, as the environment says it."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`FRAMEGATE_` prefixes each name."""

    model_config = SettingsConfigDict(env_prefix="FRAMEGATE_", frozen=True)

    triton_host: str = Field("127.0.0.1", min_length=1, description="Address Triton listens on.")
    triton_metrics_port: int = Field(8002, ge=1, le=65535, description="Triton's metrics port.")
