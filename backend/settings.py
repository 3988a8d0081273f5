"""What the backend can be told through the environment; its only reader."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def empty_as_unset(value: object) -> object:
    """Compose files hand on an unset variable as an empty one, and nobody means an empty secret."""
    return None if value == "" else value


class SharedSettings(BaseSettings):
    """What both processes of the backend are told: the gateway and the model zoo's."""

    model_config = SettingsConfigDict(
        env_prefix="FRAMEGATE_", frozen=True, secrets_dir=os.environ.get("FRAMEGATE_SECRETS_DIR")
    )

    enrichment_host: str = Field("127.0.0.1", description="Address of the model zoo's process.")
    enrichment_port: int = Field(8010, ge=1, le=65535, description="The model zoo's port.")

    max_body_bytes: int = Field(
        10 * 2**20, ge=1024, description="Largest request body; 413 past it."
    )
    max_pixels: int = Field(
        25_000_000, ge=1024, description="Largest picture, width x height; 413 past it."
    )
    body_timeout_s: float = Field(
        10, gt=0, le=600, description="Longest wait for a whole request body; 408 past it."
    )

    max_clip_bytes: int = Field(
        200 * 2**20, ge=1024, description="Largest clip as a file; 413 past it."
    )
    clip_upload_timeout_s: float = Field(
        120, gt=0, le=3600, description="Longest wait for a whole clip; 408 past it."
    )

    quality_model: str = Field(
        "baseline-synthetic", min_length=1, description="The model behind /v1/quality."
    )
    allow_random_weights: bool = Field(
        False, description="Serve a model whose weights are random, as its answers will say."
    )

    allow_anonymous: bool = Field(
        False, description="Serve without keys although the address is not loopback."
    )
    internal_token: SecretStr | None = Field(
        None, description="Bearer token of the project's own processes; every scope."
    )

    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least severe line logged."
    )

    @field_validator("internal_token", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return empty_as_unset(value)

    @field_validator("internal_token")
    @classmethod
    def _need_a_long_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"[A-Za-z0-9._~+/-]{16,}=*", _plain(token)):
            raise ValueError(
                "a token has at least 16 of A-Z a-z 0-9 . _ ~ + / -, then perhaps some =, as "
                "`openssl rand -hex 32` prints"
            )
        return token


class Settings(SharedSettings):
    """Every value has a default that works on a laptop; `FRAMEGATE_` prefixes each name."""

    host: str = Field("127.0.0.1", description="Address the gateway listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The gateway's port.")
    workers: int = Field(2, ge=1, le=256, description="Gateway processes.")
    drain_s: float = Field(
        0, ge=0, le=300, description="After SIGTERM: not ready, but still answering, for so long."
    )
    tls_cert: Path | None = Field(None, description="Certificate (PEM); with the key, HTTPS.")
    tls_key: Path | None = Field(None, description="The certificate's private key (PEM).")

    triton_host: str = Field("127.0.0.1", description="Address Triton listens on.")
    triton_http_port: int = Field(8003, ge=1, le=65535, description="Triton's HTTP port.")
    triton_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Triton servers as http://host:port, by commas; overrides host and port."
    )
    triton_timeout_ms: int = Field(
        2000, ge=1, le=600_000, description="Longest wait for Triton in one request."
    )
    triton_connections: int = Field(
        2, ge=1, le=64, description="Requests each gateway process keeps running at each Triton."
    )
    shared_memory: bool = Field(
        True, description="Hand pixels to a Triton on this host through shared memory."
    )
    max_in_flight: int = Field(
        64,
        ge=1,
        le=65536,
        description="Pictures being worked on at once, over all workers; at least one in each.",
    )
    api_keys_file: Path | None = Field(
        None, description="Hashed API keys, one a line; unset: anyone who reaches it may call."
    )
    rate_limit: str = Field(
        "", description="Requests per key (without keys: per address), as 20/second; empty: none."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web origins whose pages may call, by commas, as https://host:port."
    )
    redis_url: SecretStr | None = Field(
        None, description="Where workers share rate counts and cached answers; unset: each its own."
    )
    cache_ttl_s: float = Field(
        0, ge=0, le=3600, description="How long the answer to a picture is remembered; 0: never."
    )

    @field_validator("triton_urls", "cors_origins", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("api_keys_file", "redis_url", mode="before")
    @classmethod
    def _empty_file_or_address_is_unset(cls, value: object) -> object:
        return empty_as_unset(value)

    @field_validator("rate_limit")
    @classmethod
    def _need_a_rate(cls, rate: str) -> str:
        if rate and not re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", rate):
            raise ValueError(f"{rate!r} is not a rate such as 20/second, or per minute, hour, day")
        return rate

    @field_validator("cors_origins")
    @classmethod
    def _need_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", origin):
                raise ValueError(
                    f"{origin!r} is not an origin as browsers send it: "
                    "http(s)://host or http(s)://host:port, in lower case, without a path"
                )
        return origins

    @field_validator("redis_url")
    @classmethod
    def _need_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.fullmatch(
            r"rediss?://([^@/\s]*@)?[^@/:\s]+(:\d{1,5})?(/\d*)?", _plain(url)
        ):
            raise ValueError("it is not a redis://[:password@]host:port/number address")
        return url

    @field_validator("triton_urls")
    @classmethod
    def _need_a_scheme(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not _is_server(url):
                raise ValueError(f"{url!r} is not an http://host:port address")
        return urls

    @model_validator(mode="after")
    def _tls_needs_both_files(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("FRAMEGATE_TLS_CERT and FRAMEGATE_TLS_KEY are needed together")
        missing = [
            str(path) for path in (self.tls_cert, self.tls_key) if path and not path.is_file()
        ]
        if missing:
            raise ValueError(
                f"there is no file {' and no '.join(missing)}; `make certs` writes a pair"
            )
        return self

    @model_validator(mode="after")
    def _only_loopback_is_open_to_anyone(self) -> Self:
        known = self.api_keys_file is not None or self.allow_anonymous
        if not known and not is_loopback(self.host):
            raise ValueError(
                f"FRAMEGATE_HOST is {self.host}, where anyone could call: name a file of keys in "
                "FRAMEGATE_API_KEYS_FILE, or set FRAMEGATE_ALLOW_ANONYMOUS=true"
            )
        return self

    @property
    def triton_addresses(self) -> tuple[tuple[str, int], ...]:
        """Where Triton answers HTTP, as host and port."""
        parts = [urlsplit(url) for url in self.triton_urls]
        if parts:
            return tuple((part.hostname or "", part.port or 80) for part in parts)
        return ((self.triton_host, self.triton_http_port),)


def _is_server(url: str) -> bool:
    if not re.fullmatch(r"http://[^/?#@\s]+/?", url):
        return False
    try:
        return bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:  # no number, or past 65535
        return False


def problems_in(error: ValidationError) -> list[str]:
    """A line per problem, with the variable's name where there is one."""
    lines = []
    for problem in error.errors():
        name = "_".join(map(str, problem["loc"])).upper()
        text = problem["msg"].removeprefix("Value error, ")
        lines.append(f"FRAMEGATE_{name}: {text}" if name else text)
    return lines


def _plain(secret: SecretStr) -> str:
    return secret.get_secret_value()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bracketed(host: str) -> str:
    """An IPv6 address as URLs write it; anything else as it is."""
    return f"[{host}]" if ":" in host else host
