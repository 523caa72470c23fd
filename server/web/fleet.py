"""How nodes and doors are, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from server.nodes.alarms import WHAT_TO_DO
from server.nodes.models import ClockOffset, Mount, Node, NodeAlarm
from server.nodes.selectors import mounted_now, open_alarms, wanted_settings, with_newest_settings, with_open_alarms
from server.sightings.coverage import synced_through
from server.sites.models import Door, Site
from server.web.node_health import Fact, clock_words, health_facts
from server.web.words import counted, lasting, ms

SILENT_AFTER = timedelta(minutes=3)
NO_FRAME_AFTER_MS = 60_000
WORTH_TELLING_MS = 60_000
RESTS = "hours"
"""The camera does not look now, and shall not."""
CAMERA_WORDS = {
    "": "not reported yet",
    "ok": "gives frames",
    "starting": "is starting",
    "stopped": "was stopped with the node",
    "ended": "reached the end of its clip",
    "camera_gives_no_frames": "gives no frames: look at its cable",
    "image_unreadable": "gives an image that cannot be read",
    "camera_hangs": "hangs and is started again: look at its cable and its power",
    "covered": "is covered: look what is in front of the lens",
    "frozen": "gives the same picture again and again: switch it off and on",
    "dark": "sees nothing but dark: is there light, and no cap on the lens?",
    RESTS: "does not look now, as its hours say",
}


@dataclass(frozen=True, slots=True)
class DoorNow:
    """How up to date a door is. `as_of`: everybody who passed until then has been reported; None when that is not known."""

    door: Door
    node: Node
    heard: datetime | None
    as_of: datetime | None
    silent: bool
    camera: str

    @property
    def sees(self) -> bool:
        return not self.silent and self.node.camera == "ok"


@dataclass(frozen=True, slots=True)
class SiteNow:
    """The doors of one site. `as_of` is the oldest of theirs; `unknown`: those of which nothing is known."""

    site: Site
    doors: list[DoorNow]

    @property
    def as_of(self) -> datetime | None:
        return min((door.as_of for door in self.doors if door.as_of), default=None)

    @property
    def unknown(self) -> list[DoorNow]:
        return [door for door in self.doors if door.as_of is None]


@dataclass(frozen=True, slots=True)
class AlarmNow:
    """An open alarm with what to do about it; times are in the zone of the node's site."""

    alarm: NodeAlarm
    first: datetime
    last: datetime
    what_to_do: str


@dataclass(frozen=True, slots=True)
class NodeNow:
    """A node as the Nodes page tells of it."""

    node: Node
    doors: list[Door]
    heard: datetime | None
    heard_ago: str
    silent: bool
    camera: str
    camera_ok: bool
    queue: str
    parked: str
    funnel: list[str]
    clock: str
    health: list[Fact]
    alarms: list[AlarmNow]
    wanted_settings: int
    identifying: int
    zone: str

    @property
    def needs_somebody(self) -> bool:
        return bool(self.alarms or self.bad)

    @property
    def bad(self) -> list[Fact]:
        return [fact for fact in self.health if fact.bad]

    @property
    def well(self) -> list[Fact]:
        return [fact for fact in self.health if not fact.bad]


def sites_now(now: datetime) -> list[SiteNow]:
    """Sites with a node at a door, and how up to date each door is, in the site's own zone."""
    mounts = mounted_now(now).filter(node__revoked_at__isnull=True).select_related("door__site", "node")
    found = list(mounts.order_by("door__site__name", "door__name", "node__name"))
    covered = synced_through(doors={mount.door_id for mount in found}, now=now)
    by_site: dict[Site, list[DoorNow]] = {}
    for mount in found:
        by_site.setdefault(mount.door.site, []).append(_door_now(mount, covered[mount.door_id], now))
    return [SiteNow(site, doors) for site, doors in by_site.items()]


def _door_now(mount: Mount, covered: datetime | None, now: datetime) -> DoorNow:
    """Known until the node's last heartbeat said so, or its records show that it looked, whichever is later."""
    node, zone = mount.node, mount.door.site.zone
    heard = node.last_heartbeat_at
    until = max((at for at in (reported_until(node), covered) if at is not None), default=None)
    return DoorNow(
        door=mount.door,
        node=node,
        heard=heard and heard.astimezone(zone),
        as_of=until and until.astimezone(zone),
        silent=is_silent(node, now),
        camera=camera_words(node),
    )


def reported_until(node: Node) -> datetime | None:
    """Until when everything the node saw has been reported: its last heartbeat, less what was still waiting or not seen then."""
    if node.last_heartbeat_at is None or (node.queue_depth and node.oldest_boot_age_ms is None):
        return None
    behind_ms = max(node.oldest_boot_age_ms or 0 if node.queue_depth else 0, node.last_frame_age_ms or 0)
    return node.last_heartbeat_at - ms(behind_ms)


def is_silent(node: Node, now: datetime) -> bool:
    return node.last_heartbeat_at is None or now - node.last_heartbeat_at > SILENT_AFTER


def nodes_now(now: datetime) -> list[NodeNow]:
    """Every node by name, revoked ones last."""
    held = Prefetch("mounts", mounted_now(now).select_related("door__site"), to_attr="held")
    nodes = _with_clock(Node.objects.prefetch_related(held, with_newest_settings(), with_open_alarms())).order_by("name", "id")
    return [_node_now(node, getattr(node, "held", []), now) for node in sorted(nodes, key=lambda node: node.revoked_at is not None)]


def _with_clock(nodes: QuerySet[Node]) -> QuerySet[Node]:
    """Annotates how far the clock of the present boot may be out."""
    best = ClockOffset.objects.filter(node=OuterRef("pk"), boot_id=OuterRef("boot_id")).order_by("half_width_ns")
    return nodes.annotate(clock_ns=Subquery(best.values("half_width_ns")[:1]))


def _node_now(node: Node, mounts: Iterable[Mount], now: datetime) -> NodeNow:
    doors = [mount.door for mount in mounts]
    heard = node.last_heartbeat_at
    zone = doors[0].site.zone if doors else None
    return NodeNow(
        node=node,
        doors=doors,
        heard=heard and heard.astimezone(zone) if zone else heard,
        heard_ago="" if heard is None else f"{lasting(now - heard)} ago",
        silent=is_silent(node, now),
        camera=camera_words(node),
        camera_ok=node.camera == RESTS or (node.camera == "ok" and (node.last_frame_age_ms or 0) < NO_FRAME_AFTER_MS),
        queue=queue_words(node),
        parked=f"{counted(node.parked, 'record')} refused by the server and parked on the node" if node.parked else "",
        funnel=funnel_words(node.funnel),
        clock=clock_words(getattr(node, "clock_ns", None)),
        health=health_facts(node),
        alarms=[_alarm_now(alarm, zone or UTC) for alarm in open_alarms(node)],
        wanted_settings=wanted_settings(node).revision,
        identifying=0 if node.identify_until is None else max(0, round((node.identify_until - now).total_seconds())),
        zone=zone.key if zone else "UTC",
    )


def _alarm_now(alarm: NodeAlarm, zone: tzinfo) -> AlarmNow:
    return AlarmNow(alarm, alarm.first_at.astimezone(zone), alarm.last_at.astimezone(zone), WHAT_TO_DO[alarm.kind])


def camera_words(node: Node) -> str:
    """What the node said of its camera, and since when it gave no frame."""
    said = CAMERA_WORDS.get(node.camera, node.camera.replace("_", " "))
    if node.camera == RESTS or node.last_frame_age_ms is None or node.last_frame_age_ms < NO_FRAME_AFTER_MS:
        return said
    return f"{said}; its last frame was {lasting(ms(node.last_frame_age_ms))} old"


def queue_words(node: Node) -> str:
    """What was still to be delivered."""
    waiting = [counted(number, word) for number, word in ((node.queue_depth, "record"), (node.crops_waiting, "crop")) if number]
    if not waiting:
        return "nothing waits"
    age_ms = node.oldest_boot_age_ms or 0 if node.queue_depth else 0
    oldest = f", the oldest for {lasting(ms(age_ms))}" if age_ms >= WORTH_TELLING_MS else ""
    return " and ".join(waiting) + " to be sent" + oldest


def funnel_words(funnel: Mapping[str, object]) -> list[str]:
    """What became of the frames, one sentence each; none when the node has told nothing yet."""
    counts = {name: number for name, number in funnel.items() if isinstance(number, int)}
    if not counts.get("frames"):
        return []
    gated = _reasons(funnel.get("gated"))
    motion, faces, passes = (counts.get(name, 0) for name in ("motion", "faces", "passes"))
    doubts = _reasons(funnel.get("doubts"))
    words = (("matched", "recognised"), ("unsure", f"unsure ({doubts})" if doubts else "unsure"), ("unknown", "unknown"))
    decided = [(counts.get(name, 0), word) for name, word in words]
    rest = max(0, passes - sum(number for number, _ in decided))
    ended = [f"{number:,} {word}" for number, word in [*decided, (rest, "too poor to decide, or the same person again")] if number]
    return [
        f"Of {counted(counts['frames'], 'frame')}, {motion:,} had motion.",
        f"In them {counted(faces, 'face')} {'was' if faces == 1 else 'were'} found{f'; set aside: {gated}' if gated else ''}.",
        counted(passes, "pass", "passes") + (": " + ", ".join(ended) if ended else "") + ".",
    ]


def _reasons(counts: object) -> str:
    """`3 too small, 1 blurred`: the most frequent first."""
    reasons = [(number, name) for name, number in counts.items() if isinstance(number, int) and number] if isinstance(counts, dict) else []
    return ", ".join(f"{number:,} {str(name).replace('_', ' ')}" for number, name in sorted(reasons, reverse=True))
