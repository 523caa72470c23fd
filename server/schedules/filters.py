"""What the lists of schedules, sessions, holidays, leave and areas can be asked for."""

from uuid import UUID

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.request import Request

from server.core.permissions import Resource, scope_of_request
from server.people.models import Person
from server.people.selectors import people_visible
from server.schedules.models import Area, Holiday, Kind, Leave, Schedule, Session
from server.schedules.selectors import sessions_of_person
from server.sites.models import Door


class ScheduleFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By site, group, door (UUIDs), kind, a day on which it is valid, and whether it has ended."""

    site = django_filters.UUIDFilter(field_name="site__uuid")
    group = django_filters.UUIDFilter(field_name="group__uuid")
    door = django_filters.UUIDFilter(method="served_by")
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    on = django_filters.DateFilter(method="valid_on")
    ended = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Schedule
        fields: tuple[str, ...] = ()

    def served_by(self, rows: QuerySet[Schedule], _name: str, door: UUID) -> QuerySet[Schedule]:
        return rows.filter(_served_by(door, "schedules"))

    def valid_on(self, rows: QuerySet[Schedule], _name: str, day: object) -> QuerySet[Schedule]:
        return rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day)


class SessionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By site, group, schedule, door, person who was expected (UUIDs), kind, local date (`date`, or `from` and `to`, both included)."""

    site = django_filters.UUIDFilter(field_name="site__uuid")
    group = django_filters.UUIDFilter(field_name="group__uuid")
    schedule = django_filters.UUIDFilter(field_name="schedule__uuid")
    door = django_filters.UUIDFilter(method="served_by")
    person = django_filters.UUIDFilter(method="expecting")
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    date = django_filters.DateFilter(field_name="local_date")
    to = django_filters.DateFilter(field_name="local_date", lookup_expr="lte", help_text="included")
    cancelled = django_filters.BooleanFilter(field_name="cancelled_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Session
        fields: tuple[str, ...] = ()

    def served_by(self, rows: QuerySet[Session], _name: str, door: UUID) -> QuerySet[Session]:
        return rows.filter(_served_by(door, "sessions"))

    def expecting(self, rows: QuerySet[Session], _name: str, person: UUID) -> QuerySet[Session]:
        """Whoever does not see the person does not learn where they are expected."""
        request: Request = self.request
        people = people_visible(user=request.user, scope=scope_of_request(request, Resource.PEOPLE))
        return sessions_of_person(rows, person) if people.filter(uuid=person).exists() else rows.none()


# `from` is no name that a class body can have
SessionFilter.base_filters["from"] = django_filters.DateFilter(field_name="local_date", lookup_expr="gte", help_text="included")


class HolidayFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Those that hold at a site (UUID), and that touch the days `from` until `to`, both included."""

    site = django_filters.UUIDFilter(method="at_site")
    to = django_filters.DateFilter(field_name="first_day", lookup_expr="lte", help_text="included")

    class Meta:
        model = Holiday
        fields: tuple[str, ...] = ()

    def at_site(self, rows: QuerySet[Holiday], _name: str, site: UUID) -> QuerySet[Holiday]:
        return rows.filter(Q(site__uuid=site) | Q(site__isnull=True))


HolidayFilter.base_filters["from"] = django_filters.DateFilter(field_name="last_day", lookup_expr="gte", help_text="included")


class LeaveFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Of a person, or of the members of a group (UUIDs; those who ever were), touching the days `from` until `to`, both included."""

    person = django_filters.UUIDFilter(field_name="person__uuid")
    group = django_filters.UUIDFilter(method="of_members")
    to = django_filters.DateFilter(field_name="first_day", lookup_expr="lte", help_text="included")
    cancelled = django_filters.BooleanFilter(field_name="cancelled_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Leave
        fields: tuple[str, ...] = ()

    def of_members(self, rows: QuerySet[Leave], _name: str, group: UUID) -> QuerySet[Leave]:
        return rows.filter(person__in=Person.objects.filter(memberships__group__uuid=group))


LeaveFilter.base_filters["from"] = django_filters.DateFilter(field_name="last_day", lookup_expr="gte", help_text="included")


class AreaFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By site and door (UUIDs)."""

    site = django_filters.UUIDFilter(field_name="site__uuid")
    door = django_filters.UUIDFilter(method="with_door")

    class Meta:
        model = Area
        fields: tuple[str, ...] = ()

    def with_door(self, rows: QuerySet[Area], _name: str, door: UUID) -> QuerySet[Area]:
        return rows.filter(Exists(Door.objects.filter(uuid=door, areas=OuterRef("pk"))))


def _served_by(door: UUID, name: str) -> Q:
    """A row without doors of its own is served by every door of its site."""
    own = Exists(Door.objects.filter(uuid=door, **{name: OuterRef("pk")}))
    any_own = Exists(Door.objects.filter(**{name: OuterRef("pk")}))
    return Q(own) | (~Q(any_own) & Q(Exists(Door.objects.filter(uuid=door, site=OuterRef("site")))))
