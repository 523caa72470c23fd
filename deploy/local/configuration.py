"""Writes the two configuration files: exactly what an operator would write by hand for one machine."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.data_folder import DataFolder, write_whole
from deploy.local.postgres import DATABASE, PORT, SUPERUSER

Value = str | int | bool
Table = Mapping[str, Value | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Camera:
    """What the node looks at. `source` is a path for a replay, an index or a device path for OpenCV."""

    kind: str
    source: str
    pace: str = "own"

    @property
    def ends(self) -> bool:
        """Whether there is a last frame."""
        return self.kind == "replay"


def _literal(value: Value | tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def toml(tables: Mapping[str, Table]) -> str:
    """TOML text. The table named "" comes first, without a header."""
    parts = []
    for name, table in tables.items():
        header = f"[{name}]\n" if name else ""
        parts.append(header + "".join(f"{key} = {_literal(value)}\n" for key, value in table.items()))
    return "\n".join(parts)


def write_server_config(folder: DataFolder, *, port: int, database_host: Path) -> None:
    """The server on loopback, plain HTTP, objects in a local folder."""
    tables: dict[str, Table] = {
        "": {
            "data": str(folder.server),
            "bind": f"127.0.0.1:{port}",
            "allowed_hosts": ("127.0.0.1", "localhost"),
            "secure_cookies": False,
        },
        "database": {"name": DATABASE, "user": SUPERUSER, "host": str(database_host), "port": PORT},
        "objects": {"kind": "folder", "path": str(folder.objects)},
    }
    write_whole(folder.server_config, toml(tables))


def write_node_config(folder: DataFolder, *, server: str, camera: Camera) -> None:
    """One node that looks at `camera`."""
    looks: dict[str, Value] = {"kind": camera.kind, "source": camera.source}
    if camera.kind == "replay":
        looks |= {"pace": camera.pace, "repeat": False}
    write_whole(folder.node_config, toml({"": {"state": str(folder.node), "server": server}, "camera": looks}))
