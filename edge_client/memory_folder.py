"""Where a node without a board's key keeps its gallery: in memory, never on the card.

That is the run folder if it lies in memory (`/run/lintel` of an installed node does), else a folder of the account in
`/dev/shm`. Memory can be swapped out to the card: the doctor warns where that may happen.
"""

import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import Final

from edge_client.errors import EdgeError
from edge_client.files import make_private_folder, make_secret_folder

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (the owner of the folder in it is checked)
MOUNTS: Final = Path("/proc/self/mountinfo")
SWAPS: Final = Path("/proc/swaps")
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


class MemoryFolder:
    """The folder of one node. Made when it is first written to."""

    def __init__(self, state: Path, run: Path, *, shared_memory: Path = SHARED_MEMORY, mounts: Path = MOUNTS) -> None:
        self._state = state
        self._run = run
        self._shared_memory = shared_memory
        self._mounts = mounts
        self._found: Path | None = None

    def path(self) -> Path:
        """Raises EdgeError where there is no memory to put files into, or somebody else made the folder. Cheap from the second time on."""
        self._found = self._found or self._find()
        return self._found

    def _find(self) -> Path:
        if self._is_in_memory(self._run):
            return self._run / "gallery"
        if not self._is_in_memory(self._shared_memory):
            raise EdgeError(f"there is no place in memory for the gallery; put `run` on a tmpfs, {self._run} lies on a disk")
        whose = sha256(str(self._state.resolve()).encode()).hexdigest()[:16]
        found = self._shared_memory / f"lintel-{os.geteuid()}-{whose}"
        _require_own(found)
        return found

    def make(self) -> Path:
        """The folder, for the node's accounts alone. Raises EdgeError, OSError."""
        folder = self.path()
        if folder.parent == self._shared_memory:
            make_secret_folder(folder)
            (folder / "state").write_text(f"{self._state.resolve()}\n", encoding="utf-8")
        else:
            make_private_folder(folder)
        return folder

    def _is_in_memory(self, folder: Path) -> bool:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return file_system_of(folder, self._mounts) in _IN_MEMORY


def file_system_of(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of file system `path` lies on, as the kernel names it; None when it does not tell."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        words, _, rest = line.partition(" - ")
        if words.split()[2:3] == [wanted]:
            return rest.split()[0]
    return None


def swaps_to_disk(swaps: Path = SWAPS) -> bool:
    """Whether memory may be written to a disk or card. Compressed swap in memory (zram) is none."""
    try:
        lines = swaps.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    except OSError:
        return False
    return any(line and not line.startswith("/dev/zram") for line in lines)


def _require_own(folder: Path) -> None:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise EdgeError(f"{folder} is not this account's own folder; somebody else made it, remove it")
