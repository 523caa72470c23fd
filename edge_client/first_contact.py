"""Whether the courier has compared the cache with the server since the node was started, and the server's time: `<run>/contact`.

The courier leaves it, whoever starts the node takes it away before, and a replay waits for it. It names the boot, so that one left by
a power cut says nothing. With the offset capture knows the time on a machine whose wall clock nobody has set.
"""

from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from edge_client.files import file_mode, make_private_folder
from shared_schema.base import WireModel
from shared_schema.clock import Exchange


class _Mark(WireModel):
    boot_id: UUID
    offset_ns: int | None = None


class FirstContact:
    """The mark of one node."""

    def __init__(self, run: Path) -> None:
        self._path = run / "contact"

    def forget(self) -> None:
        """From now on there was none."""
        self._path.unlink(missing_ok=True)

    def note(self, boot_id: UUID, exchange: Exchange | None = None) -> None:
        """Gallery and settings in the cache are those the server has; `exchange` is the round trip that showed its time."""
        make_private_folder(self._path.parent)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(_Mark(boot_id=boot_id, offset_ns=_offset_ns(exchange)).model_dump_json(), encoding="ascii")
        fresh.chmod(file_mode(self._path.parent))
        fresh.replace(self._path)

    def was_had(self, boot_id: UUID) -> bool:
        """Whether it was in this boot."""
        return self._read(boot_id) is not None

    def time_offset_ns(self, boot_id: UUID) -> int | None:
        """What to add to the boot clock of this boot for the server's time, in nanoseconds since 1970.

        Right within half the round trip of the contact, and the boot clock's drift since. None before there was one.
        """
        mark = self._read(boot_id)
        return None if mark is None else mark.offset_ns

    def _read(self, boot_id: UUID) -> _Mark | None:
        try:
            mark = _Mark.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None
        return mark if mark.boot_id == boot_id else None


def _offset_ns(exchange: Exchange | None) -> int | None:
    return None if exchange is None else exchange.server_ns - (exchange.sent_boot_ns + exchange.received_boot_ns) // 2
