"""What lies in `<run>/preview/` while somebody mounts the camera: their request, the newest still, and what it says of the mounting.

`lintel-edge preview` asks, capture leaves stills while the request is open, the courier shows them to whoever has the token.
"""

from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import Field, ValidationError

from edge_client.clock import Clock
from edge_client.files import replace_volatile
from shared_schema.base import Sha256Hex, WireModel
from shared_schema.envelope import MAX_INT
from shared_schema.ids import BootNs


class PreviewRequest(WireModel):
    """Stills are wanted until `until_boot_ns` of this boot. The token itself lies nowhere, only its hash."""

    boot_id: UUID
    until_boot_ns: int = Field(ge=0, le=MAX_INT)
    token_sha256: Sha256Hex
    distance_m: float = Field(gt=0, le=50, description="how far from the camera people's faces are when they pass")

    def accepts(self, token: str) -> bool:
        """Whether that is the token, told in the same time whatever is given."""
        return compare_digest(sha256(token.encode("utf-8", "replace")).hexdigest(), self.token_sha256)


class SeenFace(WireModel):
    """A face in the still; `gate`: why it would be set aside, empty when it would not."""

    width_px: int = Field(ge=0)
    gate: str = Field(default="", max_length=64)


class Mounting(WireModel):
    """What the still says of how the camera is mounted. Angles are in degrees; None where nobody is there to be measured."""

    boot_ns: int = Field(ge=0, le=MAX_INT)
    width_px: int
    height_px: int
    faces: tuple[SeenFace, ...] = ()
    expected_face_px: int = Field(description="width of a face at `distance_m`, from the field of view")
    distance_m: float
    min_face_px: int
    brightness: float = Field(description="mean grey level, 0 to 255")
    burnt_out: float = Field(description="share of the picture that is white")
    sharpness: float = Field(description="for comparison while the lens is turned: higher is sharper")
    noise: float | None = Field(default=None, description="grey levels from one frame to the next where nothing moves")
    motion: float | None = Field(default=None, description="share of the picture that moves")
    roll_deg: float | None = None
    verdict: Literal["good", "change"]
    advice: tuple[str, ...] = Field(max_length=16, description="what to change, or that nothing is to be changed")


class PreviewFolder:
    """The folder of one node. Nothing in it is durable, and stills go when the request ends."""

    def __init__(self, run: Path, clock: Clock) -> None:
        self._folder = run / "preview"
        self._request = self._folder / "request.json"
        self._still = self._folder / "still.jpg"
        self._mounting = self._folder / "mounting.json"
        self._clock = clock

    def now(self) -> BootNs:
        """The boot clock, as requests and stills go by it."""
        return self._clock.boot_ns()

    def ask(self, request: PreviewRequest) -> None:
        """From now on this request is the open one."""
        replace_volatile(self._request, request.model_dump_json().encode())

    def request(self) -> PreviewRequest | None:
        """The open one; None when there is none, also when it has run out or is of another boot."""
        try:
            asked = PreviewRequest.model_validate_json(self._request.read_bytes())
        except (OSError, ValidationError):
            return None
        is_open = asked.boot_id == self._clock.boot_id and self._clock.boot_ns() < asked.until_boot_ns
        return asked if is_open else None

    def leave(self, still_jpeg: bytes, mounting: Mounting) -> None:
        """The newest still and what it says."""
        replace_volatile(self._still, still_jpeg)
        replace_volatile(self._mounting, mounting.model_dump_json().encode())

    def still(self) -> bytes | None:
        """The newest still as JPEG."""
        try:
            return self._still.read_bytes()
        except OSError:
            return None

    def still_stamp(self) -> int:
        """Changes with every still; 0 when there is none."""
        try:
            return self._still.stat().st_mtime_ns
        except OSError:
            return 0

    def mounting(self) -> Mounting | None:
        try:
            return Mounting.model_validate_json(self._mounting.read_bytes())
        except (OSError, ValidationError):
            return None

    def clear(self) -> None:
        """No picture stays behind."""
        for path in (self._still, self._mounting):
            path.unlink(missing_ok=True)

    def end(self) -> None:
        """Close the request, whoever's it is, and remove the pictures."""
        self._request.unlink(missing_ok=True)
        self.clear()
