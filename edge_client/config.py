"""The node's configuration file. A key that is not known is refused, since a misspelt one would be ignored in silence."""

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from edge_client.errors import ConfigError
from shared_schema.node import NodeSettings

INSTALLED_STATE: Final = Path("/var/lib/lintel")
INSTALLED_RUN: Final = Path("/run/lintel")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CameraConfig(_Section):
    """Where frames come from. What is said of one kind means nothing to the others."""

    kind: Literal["picamera", "opencv", "replay"]
    source: Annotated[str, BeforeValidator(_text)] = Field(
        default="", description="folder or clip; for opencv an index, path or URL; for picamera the camera's number, 0 when it is left out"
    )
    pace: Literal["own", "fast"] = "own"
    repeat: bool = False
    frames_per_second: float = Field(default=5.0, gt=0, le=240, description="for the replay of a folder")
    width: int = Field(default=1280, ge=320, le=4096, multiple_of=2, description="of a picamera's picture")
    height: int = Field(default=720, ge=240, le=3072, multiple_of=2)
    sensor_fps: float = Field(
        default=15.0, ge=1, le=120, description="how fast a picamera's sensor runs; interval_ms says how many are looked at"
    )
    exposure: Literal["normal", "short"] = Field(default="short", description="of a picamera: short keeps people who walk sharp")
    focus_m: float | None = Field(default=None, gt=0, le=100, description="of a lens that moves; None: it follows by itself")
    upside_down: bool = False
    field_of_view_deg: float | None = Field(default=None, gt=5, lt=175, description="from left to right, for advice on mounting")

    @model_validator(mode="after")
    def _names_its_source(self) -> Self:
        if self.kind == "picamera":
            if self.source and not self.source.isdecimal():
                msg = f"source is the camera's number for kind picamera, not {self.source!r}"
                raise ValueError(msg)
        elif not self.source:
            msg = f"source is missing; kind {self.kind} needs it"
            raise ValueError(msg)
        return self


class PreviewConfig(_Section):
    """Where `lintel-edge preview` shows its page."""

    address: str = Field(default="127.0.0.1:8377", pattern=r"^(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):[0-9]{1,5}$", description="host:port")

    @property
    def host_and_port(self) -> tuple[str, int]:
        """To bind to."""
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)


class ModelsConfig(_Section):
    """`folder`: the model set, None for the built-in one. `meanwhile`: the set to go on with until the server has a gallery for it."""

    folder: Path | None = None
    meanwhile: Path | None = None


class OutboxConfig(_Section):
    """How much of the card the outbox may fill. Crops are given up for room, those of receipted records before others; records never."""

    max_bytes: int = Field(default=8_000_000_000, ge=0, description="of crops")
    min_free_bytes: int = Field(default=500_000_000, ge=0, description="left free on the card for everything else")
    reserve_bytes: int = Field(default=8_388_608, ge=6_291_456, le=1_073_741_824, description="kept aside for a full card")


class IdentifyConfig(_Section):
    """The light that shows which node it is when the server asks for that; see /sys/class/leds."""

    led: Path = Path("/sys/class/leds/ACT")


class NodeConfig(_Section):
    """A node's configuration. Relative paths are relative to the file's folder."""

    state: Path
    run: Path | None = None
    server: str | None = Field(default=None, pattern=r"^https?://[^/\s]+")
    camera: CameraConfig
    settings: dict[str, int | bool | str] = Field(default_factory=dict)
    models: ModelsConfig = ModelsConfig()
    preview: PreviewConfig = PreviewConfig()
    outbox: OutboxConfig = OutboxConfig()
    identify: IdentifyConfig = IdentifyConfig()

    @property
    def run_folder(self) -> Path:
        """What is worth nothing after a restart of the machine: `/run/lintel` for an installed node, else a folder of `state`."""
        return self.run or (INSTALLED_RUN if self.state == INSTALLED_STATE else self.state / "run")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check a file. Raises ConfigError with one line that names the key."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigError(f"cannot read {path}: {reason}; name the node's configuration with --config") from error
        try:
            config = cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path} is not TOML: {error}") from error
        except ValidationError as error:
            raise ConfigError(f"{path}: {_one_line(error)}") from error
        _check_settings(config, path)
        return config.model_copy(update=_absolute_paths(config, path.resolve().parent))

    def effective_settings(self, server: NodeSettings | None) -> NodeSettings:
        """The server's settings, or the defaults, with this file's `[settings]` on top.

        Raises ConfigError when the two do not go together.
        """
        base = (server or NodeSettings()).model_dump()
        try:
            return NodeSettings.model_validate({**base, **self.settings})
        except ValidationError as error:
            raise ConfigError(f"[settings] do not go with the server's: {_one_line(error)}") from error


def can_be_overheard(server: str) -> bool:
    """Whether token and heartbeats would go over a network in the clear: http to another machine. Probes and crops are sealed anyway."""
    address = urlsplit(server)
    if address.scheme != "http" or address.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(address.hostname or "").is_loopback
    except ValueError:
        return True


def _check_settings(config: NodeConfig, path: Path) -> None:
    known = NodeSettings.model_fields.keys() - {"revision"}
    for key in config.settings:
        if key not in known:
            raise ConfigError(f"{path}: settings.{key} is not a known key; known are {', '.join(sorted(known))}")
    try:
        NodeSettings.model_validate(config.settings)
    except ValidationError as error:
        raise ConfigError(f"{path}: settings.{_one_line(error)}") from error


def _absolute_paths(config: NodeConfig, base: Path) -> dict[str, object]:
    camera, told = config.camera, config.models
    if camera.kind == "replay":
        camera = camera.model_copy(update={"source": str(base / camera.source)})
    models = ModelsConfig(folder=told.folder and base / told.folder, meanwhile=told.meanwhile and base / told.meanwhile)
    return {"state": base / config.state, "run": config.run and base / config.run, "camera": camera, "models": models}


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{key} is not a known key; remove it or correct its spelling"
    if first["type"] == "missing":
        return f"{key} is missing; add it"
    return f"{key}: {first['msg']}" if key else str(first["msg"])
