"""Clock readings as facts: what the node's clocks said. What time it truly was is derived by the server."""

from uuid import UUID

from pydantic import Field

from shared_schema.base import WireModel
from shared_schema.envelope import MAX_INT


class ClockReading(WireModel):
    """The node's clocks at one moment."""

    boot_id: UUID
    boot_ns: int = Field(ge=0, le=MAX_INT, description="CLOCK_BOOTTIME in nanoseconds; orders events of one boot")
    wall_ns: int = Field(ge=0, le=MAX_INT, description="CLOCK_REALTIME in nanoseconds; may be wrong")
    synchronised: bool = Field(description="whether the kernel called its wall clock synchronised")


class Exchange(WireModel):
    """A request that was answered: the server's clock stood at `server_ns` between the two readings of the boot clock."""

    boot_id: UUID
    sent_boot_ns: int = Field(ge=0, le=MAX_INT)
    received_boot_ns: int = Field(ge=0, le=MAX_INT)
    server_ns: int = Field(ge=0, le=MAX_INT)
