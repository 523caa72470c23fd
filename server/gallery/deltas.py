"""What changed in the gallery since a revision, and which nodes have confirmed one."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from server.gallery.models import GalleryChange, GalleryRevision
from server.gallery.selectors import gallery_revision
from server.nodes.models import Node
from shared_schema.gallery import GalleryDelta, GallerySnapshot


def delta_to(whole: GallerySnapshot, *, since: int) -> GalleryDelta | None:
    """What makes `whole` of the gallery of `since`; None when that revision is not known any more, or was never.

    It is asked for after `whole` was read: whoever changes in between is in it too, as `whole` has them, which does no harm.
    """
    changed = _changed_since(since, whole)
    if changed is None:
        return None
    there = {entry.person for entry in whole.people}
    return GalleryDelta(
        base_revision=since,
        revision=whole.revision,
        model_id=whole.model_id,
        dimension=whole.dimension,
        people=tuple(entry for entry in whole.people if entry.person in changed),
        gone=tuple(sorted(changed - there)),
        digest=whole.digest(),
    )


def _changed_since(since: int, whole: GallerySnapshot) -> set[UUID] | None:
    if not 1 <= since <= whole.revision:
        return None
    rows = GalleryChange.objects.filter(Q(model_id="") | Q(model_id=whole.model_id), revision__gt=since)
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
