"""What capture tells the courier about itself: `<run>/capture.json`, replaced as a whole, never half-written.

It is worth nothing after a power cut, so it is not made durable: that would wear the card.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from edge_client.files import make_private_folder
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
    funnel: Funnel = Funnel()

    @property
    def models(self) -> tuple[str, ...]:
        """Those whose galleries it needs."""
        return tuple(dict.fromkeys(model for model in (self.model_id, self.wanted_model_id) if model))


class CaptureReportFile:
    """Capture writes, the courier and the doctor read."""

    def __init__(self, run: Path) -> None:
        self._path = run / "capture.json"

    def write(self, report: CaptureReport) -> None:
        make_private_folder(self._path.parent)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(report.model_dump_json(), encoding="utf-8")
        fresh.replace(self._path)

    def read(self) -> CaptureReport | None:
        """None when capture has not reported yet, or what it left cannot be read."""
        try:
            return CaptureReport.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return None
