"""The values the load tester shares with the other packages."""

import sys

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from loadtest._errors import EXIT_USAGE


class LoadtestSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="FRAMEGATE_", frozen=True)

    port: int = Field(default=8000, ge=1, le=65535, description="port of the gateway")

    triton_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address Triton listens on."
    )
    triton_http_port: int = Field(default=8003, ge=1, le=65535, description="Triton's HTTP port.")

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def triton_url(self) -> str:
        host = f"[{self.triton_host}]" if ":" in self.triton_host else self.triton_host
        return f"http://{host}:{self.triton_http_port}"


def read_settings() -> LoadtestSettings:
    """Read the environment; a value that is not allowed ends the process with exit code 2."""
    try:
        return LoadtestSettings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"FRAMEGATE_{name} is wrong: {problem['msg']}.\n")
        sys.exit(EXIT_USAGE)
