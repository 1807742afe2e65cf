"""The settings of a server: what each is for, its default, its limits, and how a worker process gets them."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

ENVIRONMENT_PREFIX = "LOYALTY_"
WORKERS_MAX = 64

_MEBIBYTE = 1024 * 1024
_DATABASE_SCHEME = "postgresql+asyncpg://"
_DATABASE_SCHEMES = (_DATABASE_SCHEME, "postgresql://", "postgres://")
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


class SettingsError(Exception):
    """Settings that cannot be used. `problems` has one sentence a setting, starting with its name."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A TCP address to listen on. `str()` gives `host:port` as gRPC takes it, IPv6 in brackets.

    Port 0 stands for any free port; the supervisor replaces it by the one it took.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `host:port`. Raises ValueError with a sentence for the user."""
        host, separator, port_text = text.strip().rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if bracketed:
            host = host[1:-1]
            try:
                ipaddress.IPv6Address(host)
            except ValueError:
                raise ValueError(f"must be host:port; [{host}] is not an IPv6 address") from None
        elif ":" in host:
            raise ValueError("must be host:port, with an IPv6 address in brackets: [::1]:50051")
        if not separator or not host:
            raise ValueError("must be host:port, such as 127.0.0.1:50051 or [::1]:50051")
        if not (port_text.isascii() and port_text.isdigit() and int(port_text) <= 65_535):
            raise ValueError("must be host:port with a port of 0 to 65535")
        return cls(host=host, port=int(port_text))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect. A name other than localhost could resolve to anything."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class StoreUrls:
    """Where the stores are: given by the settings, or embedded. They may carry passwords: never log them."""

    database_url: str
    """For SQLAlchemy: `postgresql+asyncpg://…`."""
    redis_url: str | None
    """None: there is no Redis, and balances come from Postgres."""

    def __repr__(self) -> str:
        return f"StoreUrls(database_url=…, redis_url={'…' if self.redis_url else None})"


def _check_port(url: str) -> None:
    """Refuse a URL that cannot be taken apart, before a library quotes a part of its password in an error."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("is not a URL: write / : @ and # in a password as %2F %3A %40 and %23") from None


def _workers_default() -> int:
    # A container is often pinned to fewer processors than the machine has.
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(WORKERS_MAX, processors))


class Settings(BaseSettings):
    """Everything a server can be told. Each field is read from the environment variable LOYALTY_<FIELD>."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    listen: str = Field(
        default="127.0.0.1:50051",
        description="Address to serve gRPC on, host:port; IPv6 in brackets; port 0 takes a free one.",
    )
    insecure_listen: bool = Field(
        default=False,
        description="Allow listening where other machines reach it, although callers are not authenticated.",
    )
    workers: int = Field(
        default_factory=_workers_default,
        ge=1,
        le=WORKERS_MAX,
        description="Worker processes behind the one port. Default: one a processor, at most 64.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL to use, postgresql://…; none: a private one in the data directory.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis to use, redis://…, rediss://… or unix://…; none: a private one, if it can be had.",
    )
    data_dir: Path = Field(
        default=Path(".loyalty"),
        description="Directory of the private stores. It belongs to one server at a time.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log entries to write."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="How log entries look; auto: console on a terminal, else JSON lines."
    )
    lanes: int = Field(default=1, ge=1, le=64, description="Lanes a worker writes commands through.")
    lane_queue_max: int = Field(
        default=5_000,
        ge=1,
        le=1_000_000,
        description="Commands that may wait in one lane; more are refused as RESOURCE_EXHAUSTED.",
    )
    lane_batch_max: int = Field(
        default=500, ge=1, le=5_000, description="Commands a lane writes in one transaction at most."
    )
    request_deadline_seconds_default: float = Field(
        default=10, gt=0, le=3_600, description="Deadline of a call whose client gave none, in seconds."
    )
    request_deadline_seconds_max: float = Field(
        default=60, gt=0, le=3_600, description="Longest deadline a client gets, in seconds."
    )
    background_jobs: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Run the background jobs here, too; auto: only on a private PostgreSQL. Elsewhere"
        " `loyalty worker` runs them.",
    )
    message_bytes_max: int = Field(
        default=16 * _MEBIBYTE,
        ge=_MEBIBYTE,
        le=256 * _MEBIBYTE,
        description="Largest message taken or sent, in bytes. 16 MiB hold a batch of 1,000 orders.",
    )
    drain_seconds_max: float = Field(
        default=20,
        ge=0,
        le=600,
        description="Time for running calls to finish when the server stops, in seconds.",
    )
    seal_key_file: Path | None = Field(
        default=None,
        description="PEM file with the Ed25519 key that signs seals; none: one made in the data directory for"
        " a private store, else nothing is sealed.",
    )
    seal_interval_seconds: int = Field(
        default=3_600, ge=1, le=7 * 86_400, description="Time between two seals of a program, in seconds."
    )
    seal_export_dir: Path | None = Field(
        default=None,
        description="Directory that seals are also written to, outside the database; none: `seals` in the"
        " data directory for a private store, else none.",
    )

    @field_validator("listen")
    @classmethod
    def _listen_parses(cls, value: str) -> str:
        return str(ListenAddress.parse(value))

    @field_validator("log_level", "log_format", "background_jobs", mode="before")
    @classmethod
    def _lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _database_url_is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        url = value.get_secret_value()
        scheme = next((scheme for scheme in _DATABASE_SCHEMES if url.startswith(scheme)), None)
        if scheme is None:
            raise ValueError("must start with postgresql://")
        _check_port(url)
        return SecretStr(_DATABASE_SCHEME + url.removeprefix(scheme))

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(_REDIS_SCHEMES):
            raise ValueError("must start with redis://, rediss:// or unix://")
        if value is not None:
            _check_port(value.get_secret_value())
        return value

    @field_validator("data_dir", "seal_key_file", "seal_export_dir")
    @classmethod
    def _path_is_absolute(cls, value: Path | None) -> Path | None:
        # Child processes have a working directory of their own.
        return None if value is None else value.expanduser().absolute()

    @model_validator(mode="after")
    def _settings_fit_together(self) -> Self:
        if not self.insecure_listen and not self.listen_address.is_loopback:
            raise ValueError(
                f"LOYALTY_LISTEN={self.listen} is refused: other machines could reach it, and there is no"
                " authentication yet, so whoever can connect could change any balance. Listen on 127.0.0.1,"
                " or set LOYALTY_INSECURE_LISTEN=true where the network itself keeps strangers out"
            )
        if self.request_deadline_seconds_default > self.request_deadline_seconds_max:
            raise ValueError(
                "LOYALTY_REQUEST_DEADLINE_SECONDS_DEFAULT must not be more than"
                f" LOYALTY_REQUEST_DEADLINE_SECONDS_MAX ({self.request_deadline_seconds_max:g})"
            )
        if self.lane_batch_max > self.lane_queue_max:
            raise ValueError(
                f"LOYALTY_LANE_BATCH_MAX must not be more than LOYALTY_LANE_QUEUE_MAX ({self.lane_queue_max})"
            )
        return self

    @classmethod
    def load(cls, overrides: Mapping[str, object] | None = None) -> Self:
        """Settings from the environment, with `overrides` (by field name; None means not given) on top.

        Raises SettingsError, whose sentences name each setting and its limit, and never a secret.
        """
        given = {name: value for name, value in (overrides or {}).items() if value is not None}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = tuple(_problem(details) for details in error.errors(include_url=False))
            # The cause would print the values, and with them the secrets.
            raise SettingsError(problems) from None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """What `to_environment` gave, in another process, whatever that process' own environment says."""
        return cls.model_validate(
            {name: environment.get(environment_name(name)) for name in cls.model_fields}
        )

    def to_environment(self) -> dict[str, str]:
        """All settings by their environment names, secrets in the clear: hand it over a pipe only."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            environment_name(name): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
            if value is not None
        }

    @property
    def listen_address(self) -> ListenAddress:
        """`listen`, parsed."""
        return ListenAddress.parse(self.listen)

    @property
    def embeds_postgres(self) -> bool:
        """Whether the server starts a private PostgreSQL."""
        return self.database_url is None

    @property
    def runs_background_jobs(self) -> bool:
        """Whether `serve` has a background process of its own. Nobody else can reach a private PostgreSQL."""
        return self.background_jobs == "on" or (self.background_jobs == "auto" and self.embeds_postgres)

    @property
    def embeds_redis(self) -> bool:
        """Whether the server starts a private Redis, where it finds a program for it."""
        return self.redis_url is None

    @property
    def seal_key_path(self) -> Path | None:
        """The file of the key that seals are signed with; None where nothing is sealed."""
        if self.seal_key_file is None and self.embeds_postgres:
            return self.data_dir / "seal-key.pem"
        return self.seal_key_file

    @property
    def seal_export_path(self) -> Path | None:
        """The directory that seals are also written to, if there is one."""
        if self.seal_export_dir is None and self.embeds_postgres:
            return self.data_dir / "seals"
        return self.seal_export_dir


def environment_name(field_name: str) -> str:
    """The environment variable of a settings field."""
    return ENVIRONMENT_PREFIX + field_name.upper()


def _problem(details: ErrorDetails) -> str:
    message = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if not details["loc"]:
        return message
    field_name = str(details["loc"][0])
    field = Settings.model_fields.get(field_name)
    if field is None:
        return f"{environment_name(field_name)}: there is no such setting"
    given = "" if field.annotation == SecretStr | None else f"={details['input']}"
    return f"{environment_name(field_name)}{given}: {message}"
