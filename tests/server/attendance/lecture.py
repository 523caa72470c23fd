"""A lecture from noon to half past one behind a door with a camera, as the tests of publishing use it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.attendance.models import AttendanceRecord
from server.people.models import Group, Person
from server.recompute.services import work_off
from server.schedules.models import Session
from server.sites.models import Direction, Door, Site
from shared_schema.envelope import Kind
from shared_schema.observation import Observation
from tests.factories import LONG_AGO, NOON, FakeNode, a_door, a_group, a_member, a_session, a_site, wall_ns

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = NOON.date()


def looked(node: FakeNode, begins_at: datetime, ends_at: datetime, *, seq: int | None = None) -> dict[str, object]:
    """The node looked at its door from–until."""
    from_ns, until_ns = (wall_ns(at) - wall_ns(LONG_AGO) for at in (begins_at, ends_at))
    said = Observation(at=node.reading(ends_at), from_boot_ns=from_ns, until_boot_ns=until_ns, last_seq=0)
    return node.item(Kind.OBSERVATION, said.model_dump_json().encode(), seq=seq)


@dataclass
class Lecture:
    """Ada and Grace are expected."""

    site: Site = field(default_factory=a_site)
    door: Door = field(init=False)
    node: FakeNode = field(init=False)
    group: Group = field(default_factory=a_group)
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.door = a_door(self.site, direction=Direction.IN)
        self.node = FakeNode.hung(self.door)
        self.session = a_session(self.site, self.group)
        self.ada, self.grace = a_member(self.group), a_member(self.group)

    def seen(self, person: Person, at: datetime = NOON) -> dict[str, object]:
        return self.node.sighting(person=person, at=at)

    def covers(self, *, until: datetime | None = None) -> dict[str, object]:
        return looked(self.node, self.session.window_begins_at - HOUR, until or self.session.ends_at + HOUR)

    def send(self, *items: object) -> None:
        self.node.send(*items)
        work_off()

    def states(self) -> dict[Person, str]:
        return {row.person: row.state for row in AttendanceRecord.objects.filter(session=self.session, gone_at__isnull=True)}
