"""How capture is, told to the courier through `<state>/run/capture.json`: replaced whole, never half-written."""

from pathlib import Path
from uuid import UUID

from pydantic import Field, ValidationError

from edge_client.files import make_private_folder, write_volatile
from shared_schema.base import WireModel
from shared_schema.observation import Funnel


class CaptureState(WireModel):
    """Capture's last word. Boot clock times are comparable only while `boot_id` is still the boot."""

    boot_id: UUID
    camera: str = Field(max_length=200, description="ok, or what is wrong in a few words")
    model_id: str = ""
    gallery_revision: int = 0
    settings_revision: int = 0
    last_frame_boot_ns: int | None = None
    funnel: Funnel = Funnel()


def write_capture_state(state: Path, capture: CaptureState) -> None:
    folder = state / "run"
    make_private_folder(folder)
    write_volatile(folder / "capture.json", capture.model_dump_json().encode())


def read_capture_state(state: Path) -> CaptureState | None:
    """None when capture has not said anything yet."""
    try:
        return CaptureState.model_validate_json((state / "run" / "capture.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
