"""How far the gallery is with each embedder, for people and programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server.gallery.models import GalleryModel, SampleRefusal, Template
from server.gallery.pipeline import embedder
from server.gallery.reembed_rows import awaiting, current_model, usable
from server.nodes.models import Node
from server.people.models import SampleEmbedding
from shared_schema.ids import ModelId

SHOWN_REFUSALS = 100


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """One embedder. `state`: building (samples wait), served (nodes get its templates) or abandoned (not in use, never completed)."""

    model_id: str
    dimension: int
    in_use: bool
    state: str
    samples: int
    embedded: int
    refused: int
    waiting: int
    people: int
    nodes: int
    started_at: datetime
    completed_at: datetime | None
    error: str
    refusals: Sequence[SampleRefusal]

    @property
    def percent(self) -> int:
        return 100 if not self.samples else int(100 * (self.embedded + self.refused) / self.samples)


def models_progress(*, now: datetime) -> list[ModelProgress]:
    """Every embedder of the gallery, the one in use first."""
    current = current_model(now=now)
    rows = GalleryModel.objects.order_by("-started_at", "-id")
    return [_progress(row) for row in sorted(rows, key=lambda row: row.pk != current.pk)]


def model_progress(*, now: datetime) -> ModelProgress:
    """The embedder in use."""
    return _progress(current_model(now=now))


def _progress(row: GalleryModel) -> ModelProgress:
    model_id = ModelId(row.model_id)
    samples = usable()
    refusals = SampleRefusal.objects.filter(model_id=model_id, sample__in=samples).select_related("sample__person")
    in_use = model_id == embedder().model_id
    return ModelProgress(
        model_id=row.model_id,
        dimension=row.dimension,
        in_use=in_use,
        state="served" if row.completed_at else "building" if in_use else "abandoned",
        samples=samples.count(),
        embedded=SampleEmbedding.objects.filter(model_id=model_id, sample__in=samples).count(),
        refused=refusals.count(),
        waiting=awaiting(model_id).count() if in_use else 0,
        people=Template.objects.filter(model_id=model_id).count(),
        nodes=Node.objects.filter(model_id=model_id, revoked_at__isnull=True).count(),
        started_at=row.started_at,
        completed_at=row.completed_at,
        error=row.last_error,
        refusals=list(refusals[:SHOWN_REFUSALS]),
    )
