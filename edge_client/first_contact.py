"""Whether the courier has compared the cache with the server since the node was started: `<run>/contact`.

The courier leaves it, whoever starts the node takes it away before, and a replay waits for it. It names the boot, so that one left by
a power cut says nothing.
"""

from pathlib import Path
from uuid import UUID

from edge_client.files import make_private_folder


class FirstContact:
    """The mark of one node."""

    def __init__(self, run: Path) -> None:
        self._path = run / "contact"

    def forget(self) -> None:
        """From now on there was none."""
        self._path.unlink(missing_ok=True)

    def note(self, boot_id: UUID) -> None:
        """Gallery and settings in the cache are those the server has."""
        make_private_folder(self._path.parent)
        self._path.write_text(str(boot_id), encoding="ascii")

    def was_had(self, boot_id: UUID) -> bool:
        """Whether it was in this boot."""
        try:
            return self._path.read_bytes() == str(boot_id).encode()
        except OSError:
            return False
