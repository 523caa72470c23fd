"""A school that plans: its groups, their timetables, and what the forms send."""

import html
from datetime import time
from typing import Any

from django.test import Client

from server.accounts.models import User
from server.core.permissions import Role
from server.people.models import Group
from server.schedules.models import Schedule
from server.schedules.services import schedule_save
from server.sites.models import Site
from tests.factories import NOON, a_door, a_group, a_member, a_person, a_site, an_account

TODAY = NOON.date()
"""A Wednesday."""


class School:
    """A site with two doors, a group that a teacher leads, and one that somebody else leads."""

    def __init__(self) -> None:
        self.site = a_site(name="Main", time_zone="Europe/Paris")
        self.front, self.back = a_door(self.site, name="Front"), a_door(self.site, name="Back")
        self.teacher = an_account(Role.MANAGER)
        self.own, self.other = a_group("Weavers", managers=[self.teacher]), a_group("Dyers")
        self.ann = a_member(self.own, a_person("Ann", account=an_account(Role.SELF)))
        self.bob = a_member(self.other, a_person("Bob"))

    def schedule(self, group: Group | None = None, **values: object) -> Schedule:
        """Wednesdays and Thursdays 9 to 17 in Paris, with its sessions."""
        known = {"name": "Algebra", "kind": "lecture", "site": self.site, "group": group or self.own, "weekdays": [2, 3]}
        known |= {"begins": time(9), "ends": time(17), "valid_from": TODAY, "doors": [self.front]}
        return schedule_save(schedule=Schedule(), values=known | values, by=None, now=NOON)


def signed(account: User) -> Client:
    client = Client()
    client.force_login(account)
    return client


def text(answer: Any) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


TERMS = {
    "before_s": "15", "after_s": "45", "late_grace_s_on": "on", "late_grace_s": "2.5", "early_grace_s": "x", "half_day_below_s": "240",
    "absent_below_s": "", "mode": "pairs", "exits_expected": "on", "wait_s": "12", "forgotten_exit": "last_seen", "min_gap_s": "30",
}  # fmt: skip


def typed(site: Site, group: Group, **values: object) -> dict[str, object]:
    """What the form of a timetable sends."""
    sent: dict[str, object] = {
        "name": "Drawing", "kind": "shift", "site": site.uuid, "group": group.uuid, "weekdays": ["0", "2"], "begins": "09:00",
        "ends": "17:00", "every_weeks": "1", "valid_from": str(TODAY), "valid_until": "", "from_day": str(TODAY), "day": str(TODAY),
        "breaks-TOTAL_FORMS": "2", "breaks-INITIAL_FORMS": "0", "breaks-0-begins": "12:00", "breaks-0-ends": "12:30",
    }  # fmt: skip
    return sent | {f"terms-{name}": value for name, value in TERMS.items()} | values
