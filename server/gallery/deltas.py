"""What changed in the gallery since a revision, and which nodes have confirmed one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from server.gallery.models import GalleryChange, GalleryDigest, GalleryModel, GalleryRevision
from server.gallery.selectors import entries_of, gallery_revision, snapshot
from server.nodes.models import Node
from shared_schema.gallery import GalleryDelta, GallerySnapshot
from shared_schema.ids import ModelId


def gallery_for_node(model: GalleryModel, *, since: int | None, now: datetime) -> GallerySnapshot | GalleryDelta:
    """The whole gallery of a model, or where `since` is known what makes the present one of the gallery of that revision."""
    delta = None if since is None else _delta(model, since=since, now=now)
    return delta or _whole(model, now)


def _delta(model: GalleryModel, *, since: int, now: datetime) -> GalleryDelta | None:
    """Everything but the digest is about those who changed alone: many nodes ask for a change at the same time.

    The revision is read first. Who is in the delta and changes after that makes the digest wrong; then the node fetches the whole.
    """
    revision = gallery_revision()
    changed = _changed_since(since, revision, model.model_id)
    if changed is None:
        return None
    known = GalleryDigest.objects.filter(model_id=model.model_id, revision=revision).values_list("digest", flat=True).first()
    people = entries_of(changed, model_id=ModelId(model.model_id), now=now)
    there = {entry.person for entry in people}
    return GalleryDelta(
        base_revision=since,
        revision=revision,
        model_id=model.model_id,
        dimension=model.dimension,
        people=people,
        gone=tuple(sorted(changed - there)),
        digest=known or _whole(model, now).digest(),
    )


def _whole(model: GalleryModel, now: datetime) -> GallerySnapshot:
    """The whole gallery; its digest is kept, unless somebody changed meanwhile."""
    whole = snapshot(model_id=ModelId(model.model_id), dimension=model.dimension, now=now)
    if gallery_revision() == whole.revision:
        GalleryDigest.objects.update_or_create(model_id=model.model_id, defaults={"revision": whole.revision, "digest": whole.digest()})
    return whole


def _changed_since(since: int, revision: int, model_id: str) -> set[UUID] | None:
    """Whoever changed; None when the revision is not known any more, or was never."""
    if not 1 <= since <= revision:
        return None
    rows = GalleryChange.objects.filter(Q(model_id="") | Q(model_id=model_id), revision__gt=since)
    changed = set(rows.values_list("person", flat=True))
    # Read last: what was pruned meanwhile must not be missed.
    log_from = GalleryRevision.objects.filter(pk=1).values_list("log_from", flat=True).first() or 1
    return changed if since >= log_from else None


def changes_note(row: GalleryRevision, people: Iterable[UUID]) -> None:
    """These people came or went with the row's revision. The caller holds the row's lock and saves it."""
    noted = [GalleryChange(model_id="", person=person, revision=row.revision) for person in people]
    GalleryChange.objects.bulk_create(noted, update_conflicts=True, unique_fields=["model_id", "person"], update_fields=["revision"])


def changes_forget(row: GalleryRevision) -> None:
    """Nobody can say who changed: only the whole gallery is good from here on. The caller holds the row's lock and saves it."""
    row.log_from = row.revision
    GalleryChange.objects.all().delete()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Which active nodes have the gallery of a revision or a later one, and which have not said so yet."""

    revision: int
    confirmed: list[Node]
    waiting: list[Node]

    @property
    def heard(self) -> bool:
        """Whether any of them was ever heard of."""
        return any(node.last_heartbeat_at is not None for node in (*self.confirmed, *self.waiting))

    @property
    def total(self) -> int:
        return len(self.confirmed) + len(self.waiting)

    @property
    def complete(self) -> bool:
        return not self.waiting


def gallery_confirmation(revision: int | None = None) -> Confirmation:
    """As their heartbeats say. Without a revision: of the present gallery. Whoever was erased at it is gone from the confirmed nodes."""
    wanted = gallery_revision() if revision is None else revision
    nodes = list(Node.objects.filter(revoked_at__isnull=True, frozen_at__isnull=True).order_by("name", "id"))
    has = [node.last_heartbeat_at is not None and node.gallery_revision >= wanted for node in nodes]
    return Confirmation(
        wanted,
        [node for node, it_has in zip(nodes, has, strict=True) if it_has],
        [node for node, it_has in zip(nodes, has, strict=True) if not it_has],
    )
