"""Does it work on the people who are enrolled? The stored sample embeddings tried against each other; nothing is written."""

from collections import defaultdict
from dataclasses import dataclass
from threading import Lock
from typing import Final
from uuid import UUID

import numpy as np
from django.db.models import QuerySet

from server.core.errors import Conflict, Unavailable
from server.gallery.cross_risk import strangers_named_one_in
from server.gallery.pipeline import embedder
from server.people.models import Sample, SampleEmbedding, SampleState
from server.people.samples import embedding_open
from shared_schema.evaluate.gallery import Member, Tried, try_gallery
from shared_schema.evaluate.gallery_report import GalleryReport, report_of
from shared_schema.face.types import Embedding
from shared_schema.ids import ModelId, PersonId

MAX_SAMPLES: Final = 20_000
"""More are not tried while somebody waits for a page."""
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class GalleryCheck:
    """The report, the trials behind it for curves, and what could not be tried.

    `unreadable`: names of people with a sample whose embedding cannot be read; `other_model`: samples that this model has not embedded.
    """

    report: GalleryReport
    tried: Tried
    unreadable: tuple[str, ...]
    other_model: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """Somebody's samples as they were kept."""

    name: str
    rows: list[Embedding]


def gallery_check(*, one_in: int | None) -> GalleryCheck:
    """Try everybody who agreed. `one_in` None: the most lenient setting of any node.

    Conflict: gallery_too_large. Unavailable: check_running. One check at a time; a thousand people with five samples take some seconds.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise Unavailable("check_running", "The gallery is being checked already; try again in a few seconds.")
    try:
        return _checked(strangers_named_one_in() if one_in is None else one_in)
    finally:
        _one_at_a_time.release()


def _checked(one_in: int) -> GalleryCheck:
    model = embedder()
    people, unreadable = _stored(model.model_id, model.dimension)
    members = [Member(PersonId(uuid), stored.name, np.stack(stored.rows)) for uuid, stored in people.items()]
    tried = try_gallery(members, model_id=model.model_id, calibration=model.calibration, dimension=model.dimension)
    other_model = _usable().exclude(embeddings__model_id=model.model_id).count()
    return GalleryCheck(report_of(tried, one_in), tried, unreadable, other_model)


def _usable() -> QuerySet[Sample]:
    """Samples in use, of people who agreed and are neither merged nor erased."""
    return Sample.objects.filter(
        state=SampleState.ACTIVE,
        person__consent_at__isnull=False,
        person__merged_into__isnull=True,
        person__erased_at__isnull=True,
    )


def _stored(model_id: ModelId, dimension: int) -> tuple[dict[UUID, _Stored], tuple[str, ...]]:
    """Everybody's readable embeddings, by person, and the names of those with one that is not."""
    rows = SampleEmbedding.objects.filter(sample__in=_usable(), model_id=model_id)
    if (count := rows.count()) > MAX_SAMPLES:
        raise Conflict(
            "gallery_too_large",
            f"{count:,} samples are more than the {MAX_SAMPLES:,} that are checked while you wait; "
            "run `lintel-face evaluate gallery` on the images instead.",
        )
    found: dict[UUID, _Stored] = {}
    unreadable: dict[UUID, str] = defaultdict(str)
    ordered = rows.order_by("sample__person__name", "sample__person_id", "sample_id")
    for uuid, name, ciphertext in ordered.values_list("sample__person__uuid", "sample__person__name", "ciphertext").iterator():
        row = embedding_open(bytes(ciphertext), dimension)
        if row is None:
            unreadable[uuid] = name
        else:
            found.setdefault(uuid, _Stored(name, [])).rows.append(row)
    return found, tuple(unreadable.values())
