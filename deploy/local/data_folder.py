"""The demo's own folder: where everything lies, the lock that keeps a second demo out, and small files written whole."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from deploy.local.errors import USAGE, DemoError


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a small file: a reader, or a crash, sees the old text or the new one."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)  # noqa: PTH105  (atomic)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths below DATA. Everything the demo keeps is here (see `postgres` for the one exception)."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> Self:
        """Make the folder if it is not there yet. Others may pass through it (PostgreSQL runs as its own account), not look in."""
        try:
            root.mkdir(parents=True, exist_ok=True)
            folder = cls(root.resolve())
            folder.root.chmod(0o711)
            for path in (folder.node, folder.server, folder.objects, folder.logs, folder.private):
                path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DemoError(f"cannot use the data folder {root}: {error.strerror}; choose another one with DATA=", USAGE) from error
        return folder

    @property
    def node(self) -> Path:
        return self.root / "node"

    @property
    def server(self) -> Path:
        return self.root / "server"

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def private(self) -> Path:
        return self.root / "demo"

    @property
    def login(self) -> Path:
        return self.private / "login.json"

    @property
    def enrolled(self) -> Path:
        return self.private / "enrolled.json"

    @property
    def clip(self) -> Path:
        return self.private / "walk.avi"

    @property
    def server_config(self) -> Path:
        return self.root / "server.toml"

    @property
    def node_config(self) -> Path:
        return self.root / "edge.toml"


class DataLock:
    """Held while a demo uses its folder; the kernel lets go of it however the demo ends."""

    def __init__(self, folder: DataFolder) -> None:
        self._file: IO[str] = (folder.private / "lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise DemoError(
                f"another demo (process {holder}) is using {folder.root}: stop it, or give this one its own folder with DATA= and PORT=",
                USAGE,
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read_json(path: Path) -> dict[str, object]:
    """The object in the file; an empty one when there is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DemoError(f"{path} is not readable as JSON; remove it and start again") from error
    return found if isinstance(found, dict) else {}
