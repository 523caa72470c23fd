"""A door, nodes that watch it, and what is covered of it, in minutes after noon."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

from server.nodes.clocks import Contact, remember
from server.nodes.models import Mount
from server.nodes.mounts import mount_save
from server.sightings.coverage import covered
from server.sites.models import Door
from tests.factories import LONG_AGO, NOON, FakeNode, wall_ns

Minutes = tuple[float, float]


def m(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def watching(door: Door, *, since: datetime = LONG_AGO, until: datetime | None = None) -> FakeNode:
    """A node at the door whose clock is known."""
    node = FakeNode.hung(door)
    Mount.objects.filter(node=node.node).update(valid_from=since, valid_until=until)
    in_contact(node)
    return node


def in_contact(node: FakeNode, minute: float = 0) -> None:
    """Let the clock of the node's boot be known to a millisecond at this minute."""
    remember(node.node, Contact(node.boot_id, node.reading(m(minute)).boot_ns, wall_ns(LONG_AGO), 1_000_000))


def reboot(node: FakeNode) -> None:
    node.boot_id = uuid4()
    in_contact(node)


def move(node: FakeNode, door: Door, at: datetime) -> None:
    mount = Mount.objects.get(node=node.node, valid_until=None)
    mount.valid_until = at
    mount_save(mount)
    mount_save(Mount(node=node.node, door=door, valid_from=at))


def looks(node: FakeNode, minutes: Iterable[float], **values: Any) -> list[dict[str, Any]]:
    """Observations that follow each other, one from each minute to the next."""
    marks = [m(minute) for minute in minutes]
    return [node.observation(looked=pair, **values) for pair in pairwise(marks)]


def minutes_covered(*doors: Door, first: float = 0, last: float = 60) -> list[Minutes]:
    """Rounded to six seconds: clocks are never known exactly."""
    found = covered(doors=[door.pk for door in doors], begins_at=m(first), ends_at=m(last))
    assert all(m(first) <= cover.begins_at < cover.ends_at <= m(last) for cover in found)
    return [(minute_of(cover.begins_at), minute_of(cover.ends_at)) for cover in found]


def minute_of(at: datetime) -> float:
    return round((at - NOON) / timedelta(minutes=1), 1)
