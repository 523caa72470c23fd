"""What a record rests on: the passes behind it, in the order of their times."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from server.attendance.correction_models import ManualPass
from server.attendance.facts_of import BY_HAND
from server.sightings.models import CropState, Sighting
from server.sites.models import Door


@dataclass(frozen=True, slots=True)
class Evidence:
    """A pass through a door. `earliest_at`: it was not before this; `crop_url`: its image, where there is one."""

    id: UUID
    kind: str
    at: datetime
    earliest_at: datetime
    door: Door | None
    way: str
    crop_url: str | None = None


def evidence_of(passes: Iterable[str], *, with_crops: bool) -> list[Evidence]:
    """The passes with these ids, in two queries. Passes that are there no more are left out."""
    by_hand = [told.removeprefix(BY_HAND) for told in passes if told.startswith(BY_HAND)]
    seen = [told for told in passes if not told.startswith(BY_HAND)]
    found = [_of_sighting(row, with_crops) for row in Sighting.objects.filter(uuid__in=seen).select_related("door", "crop")] if seen else []
    if by_hand:
        rows = ManualPass.objects.filter(uuid__in=by_hand, undone_at__isnull=True).select_related("door")
        found += [Evidence(row.uuid, "by_hand", row.at, row.at, row.door, row.way) for row in rows]
    return sorted(found, key=lambda told: (told.at, told.id))


def _of_sighting(row: Sighting, with_crop: bool) -> Evidence:  # noqa: FBT001 (given on)
    crop = getattr(row, "crop", None) if with_crop else None
    url = reverse("sighting-crop", args=[row.uuid]) if crop is not None and crop.state == CropState.STORED else None
    way = row.door.direction if row.door is not None else ""
    return Evidence(row.uuid, "sighting", row.captured_at, row.earliest_at, row.door, way, url)
