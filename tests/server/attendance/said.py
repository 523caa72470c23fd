"""A class, its session of the past, its teacher and its pupils with their accounts, for the tests of what people say."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from rest_framework.test import APIClient

from server.accounts.models import User
from server.attendance.models import AttendanceRecord
from server.core.permissions import Role
from server.people.models import Group, Person
from server.recompute.models import Mark
from server.schedules.models import Session
from server.sites.models import Site
from tests.factories import NOON, a_group, a_member, a_person, a_session, a_site, an_account


def client_of(account: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(account)
    return client


@dataclass
class Class:
    """Ada teaches; Kim and Lee belong to the class, Kim has an account; Zoe belongs to another one that nobody here leads."""

    site: Site = field(default_factory=a_site)

    @cached_property
    def teacher(self) -> User:
        return an_account(Role.MANAGER)

    @cached_property
    def group(self) -> Group:
        return a_group(managers=[self.teacher])

    @cached_property
    def kim(self) -> Person:
        return a_member(self.group, a_person("Kim", account=an_account(Role.SELF)))

    @cached_property
    def lee(self) -> Person:
        return a_member(self.group, a_person("Lee"))

    @cached_property
    def zoe(self) -> Person:
        return a_member(a_group(), a_person("Zoe", account=an_account(Role.SELF)))

    @cached_property
    def session(self) -> Session:
        return a_session(self.site, self.group, begins_at=NOON)

    @property
    def kims_account(self) -> User:
        account = self.kim.account
        assert account is not None
        return account

    def client(self, role: Role) -> APIClient:
        """Somebody with this role: the teacher as the manager, Kim as who sees only their own."""
        known = {Role.MANAGER: lambda: self.teacher, Role.SELF: lambda: self.kims_account}
        return client_of(known.get(role, lambda: an_account(role))())

    def record(self, person: Person, **values: object) -> AttendanceRecord:
        """What is published of this person."""
        defaults = {"state": "absent", "decided": True, "local_date": self.session.local_date, "changed_at": NOON}
        return AttendanceRecord.objects.create(session=self.session, person=person, **{**defaults, **values})


LATER = NOON + timedelta(days=2)


def marked() -> set[tuple[str, str, str]]:
    """The windows that wait to be derived again, and why."""
    return set(Mark.objects.values_list("kind", "key", "why"))


def person_day(school: Class, person: Person, why: str) -> tuple[str, str, str]:
    return ("person_day", f"{school.site.pk}:{school.session.local_date}:{person.pk}", why)
