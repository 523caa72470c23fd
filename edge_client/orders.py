"""What the courier asks of capture, which alone has the signing key: `<run>/orders/`. Capture takes an order away when it is done.

An order is worth nothing after a restart of the machine: the courier then finds out anew whether it is needed.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from edge_client.files import make_private_folder, write_private
from shared_schema.base import WireModel
from shared_schema.envelope import MAX_INT
from shared_schema.ids import Epoch


class _BeginEpoch(WireModel):
    begin_epoch: int = Field(ge=1, le=MAX_INT)


class EpochOrder:
    """`epoch.json`: go on in this epoch or a later one, and number in it whatever the server has not taken."""

    def __init__(self, run: Path) -> None:
        self._path = run / "orders" / "epoch.json"

    def give(self, epoch: Epoch) -> None:
        make_private_folder(self._path.parent)
        write_private(self._path, _BeginEpoch(begin_epoch=epoch).model_dump_json().encode())

    def wanted(self) -> Epoch | None:
        """The epoch that is ordered; None when there is no order. Cheap to ask between two frames."""
        try:
            return Epoch(_BeginEpoch.model_validate_json(self._path.read_bytes()).begin_epoch)
        except (OSError, ValidationError):
            return None

    def done(self) -> None:
        """The outbox is in that epoch. Repeating changes nothing."""
        self._path.unlink(missing_ok=True)
