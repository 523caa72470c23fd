"""What capture tells the courier about itself: `<run>/capture.json`, replaced as a whole, never half-written.

It is worth nothing after a power cut, so it is not made durable: that would wear the card.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from edge_client.files import replace_volatile
from shared_schema.base import WireModel
from shared_schema.clock import ClockReading
from shared_schema.envelope import MAX_INT
from shared_schema.observation import Funnel


class CaptureReport(WireModel):
    """How capture was doing `at` that moment. `camera` is "ok" or a short reason; the funnel counts since capture started."""

    at: ClockReading
    camera: str = Field(max_length=200)
    last_frame_boot_ns: int | None = Field(default=None, ge=0, le=MAX_INT)
    model_id: str = Field(max_length=64)
    wanted_model_id: str = Field(default="", max_length=64, description="the one it goes over to once its gallery has come")
    gallery_revision: int = Field(ge=0)
    settings_revision: int = Field(ge=0)
    settings_refused: str = Field(default="", max_length=200, description="why the newest settings are not in force")
    funnel: Funnel = Funnel()
    refused: int = Field(default=0, ge=0, description="passes since capture started that could not be recorded")
    crops_shed: int = Field(default=0, ge=0)
    fsync_p99_ms: float | None = Field(default=None, ge=0)
    disk_errors: int = Field(default=0, ge=0)
    card: str = Field(default="", max_length=200, description="what is wrong with the card, empty when nothing is")

    @property
    def models(self) -> tuple[str, ...]:
        """Those whose galleries it needs."""
        return tuple(dict.fromkeys(model for model in (self.model_id, self.wanted_model_id) if model))


class CaptureReportFile:
    """Capture writes, the courier and the doctor read."""

    def __init__(self, run: Path) -> None:
        self._path = run / "capture.json"

    def write(self, report: CaptureReport) -> None:
        replace_volatile(self._path, report.model_dump_json().encode())

    def read(self) -> CaptureReport | None:
        """None when capture has not reported yet, or what it left cannot be read."""
        try:
            return CaptureReport.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None
