"""The server's configuration file: TOML, named by LINTEL_SERVER_CONFIG. Unknown keys are refused."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

ENVIRONMENT = "LINTEL_SERVER_CONFIG"
DEFAULT_PATH = Path("/etc/lintel/server.toml")


class ConfigurationError(Exception):
    """The configuration cannot be used; the message says where and why."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(_Table):
    """PostgreSQL. `host` may be the folder of a Unix socket."""

    name: str = "lintel"
    user: str = "lintel"
    host: str = "/run/postgresql"
    port: int = Field(default=5432, ge=1, le=65535)
    password_file: Path | None = None

    def password(self) -> str:
        """The password, empty where the server trusts the socket."""
        if self.password_file is None:
            return ""
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"cannot read the database password from {self.password_file}: {error.strerror}") from error


class FolderObjects(_Table):
    """Objects in a local folder."""

    kind: Literal["folder"] = "folder"
    path: Path = Path("/var/lib/lintel-server/objects")


class S3Objects(_Table):
    """Objects in an S3-compatible store. Credentials come from the AWS_* environment."""

    kind: Literal["s3"]
    endpoint_url: str | None = None
    bucket: str
    region: str = "us-east-1"


class Models(_Table):
    """The model set. Another embedder in it makes a new gallery: every sample is embedded again."""

    folder: Path | None = None

    @field_validator("folder")
    @classmethod
    def _is_whole(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_absolute():
            raise ValueError("write the whole path, beginning with /")
        return folder


def _address(text: str) -> str:
    """HOST:PORT, an IPv6 host in brackets."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", text)
    if found is None or not 1 <= int(found[2]) <= 65535:
        raise ValueError("write HOST:PORT, for example 127.0.0.1:8000")
    return text


class Exports(_Table):
    """The nightly copy of attendance in the object storage. It is readable without this server, so it is not encrypted."""

    nightly: bool = True
    hour_utc: int = Field(default=2, ge=0, le=23)


class ServerConfig(_Table):
    """Everything an operator may set."""

    data: Path = Path("/var/lib/lintel-server")
    bind: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8000"
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    secure_cookies: bool = True
    threads: int = Field(default=8, ge=1, le=128)
    workers: int = Field(default=2, ge=1, le=64)
    database: Database = Database()
    objects: FolderObjects | S3Objects = Field(default=FolderObjects(), discriminator="kind")
    models: Models = Models()
    exports: Exports = Exports()
    second_look_days: int = Field(default=30, ge=1, le=3650)
    node_token_days: float = Field(default=1, gt=0, le=365)


def config_path() -> Path:
    """Where the configuration is."""
    return Path(os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load(path: Path | None = None) -> ServerConfig:
    """Read and check the configuration. Raises ConfigurationError."""
    path = path or config_path()
    try:
        return ServerConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigurationError(f"there is no configuration at {path}: write it, or name another file in {ENVIRONMENT}") from error
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_first_problem(error)}") from error


def load_or_default() -> ServerConfig:
    """The configuration, or the defaults where there is no file: type checkers and `--help` need settings without an installation."""
    return load() if config_path().exists() else ServerConfig()


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    words = {
        "extra_forbidden": "is not a known key; remove it or correct its spelling",
        "missing": "is missing; add it",
    }.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{where}: {words}"
