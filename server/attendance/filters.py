"""What the lists of attendance can be asked for."""

from uuid import UUID

import django_filters
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from server.attendance.models import METHODS, STATES, AttendanceRecord, OpenDayRecord, VisitRow
from server.attendance.rules.records import Problem, VisitState
from server.people.models import Membership
from server.sites.models import Door

PROBLEMS = [(problem.value, problem.value.replace("_", " ")) for problem in Problem]


class _DayFilter(django_filters.FilterSet):  # type: ignore[misc]
    date = django_filters.DateFilter(field_name="local_date")
    to = django_filters.DateFilter(field_name="local_date", lookup_expr="lte", help_text="included")
    person = django_filters.UUIDFilter(field_name="person__uuid")
    problems = django_filters.BooleanFilter(method="with_problems", help_text="whether there is anything to look at")
    problem = django_filters.ChoiceFilter(choices=PROBLEMS, field_name="problems", lookup_expr="contains")

    def with_problems(self, rows: QuerySet[Model], _name: str, wanted: bool) -> QuerySet[Model]:  # noqa: FBT001 (django-filter's signature)
        return rows.exclude(problems=[]) if wanted else rows.filter(problems=[])

    def of_members(self, rows: QuerySet[Model], _name: str, group: UUID) -> QuerySet[Model]:
        """Of people who belonged to the group on that day."""
        belonging = Membership.objects.filter(on_day_of_row(), group__uuid=group, person=OuterRef("person"))
        return rows.filter(Exists(belonging))


# `from` is no name that a class body can have
_DayFilter.declared_filters["from"] = django_filters.DateFilter(field_name="local_date", lookup_expr="gte", help_text="included")


def on_day_of_row() -> Q:
    """The membership covers the local day of the outer row."""
    day = OuterRef("local_date")
    return Q(valid_from__lte=day) & (Q(valid_until__isnull=True) | Q(valid_until__gte=day))


class OpenDayFilter(_DayFilter):
    """By local date (`date`, or `from` and `to`, both inclusive), person, site, group of the person on that day (UUIDs), and problems."""

    site = django_filters.UUIDFilter(field_name="site__uuid")
    group = django_filters.UUIDFilter(method="of_members")

    class Meta:
        model = OpenDayRecord
        fields: tuple[str, ...] = ()


class AttendanceFilter(_DayFilter):
    """By local date (`date`, or `from` and `to`, both inclusive), person, group, session, site, door (UUIDs), and by what the record says.

    `group` is the group that was expected; `door` a door that serves the session.
    """

    group = django_filters.UUIDFilter(field_name="session__group__uuid")
    session = django_filters.UUIDFilter(field_name="session__uuid")
    site = django_filters.UUIDFilter(field_name="session__site__uuid")
    door = django_filters.UUIDFilter(method="served_by")
    state = django_filters.ChoiceFilter(choices=STATES)
    method = django_filters.ChoiceFilter(choices=METHODS)
    decided = django_filters.BooleanFilter()
    late = django_filters.BooleanFilter(method="later_than_allowed")
    uncertain = django_filters.BooleanFilter(method="not_certain", help_text="a blind door may have seen them earlier, or later")

    class Meta:
        model = AttendanceRecord
        fields: tuple[str, ...] = ()

    def served_by(self, rows: QuerySet[AttendanceRecord], _name: str, door: UUID) -> QuerySet[AttendanceRecord]:
        """A session without doors of its own is served by every door of its site."""
        own = Exists(Door.objects.filter(uuid=door, sessions=OuterRef("session")))
        any_own = Exists(Door.objects.filter(sessions=OuterRef("session")))
        of_site = Exists(Door.objects.filter(uuid=door, site=OuterRef("session__site")))
        return rows.filter(own | (~any_own & of_site))

    def later_than_allowed(self, rows: QuerySet[AttendanceRecord], _name: str, wanted: bool) -> QuerySet[AttendanceRecord]:  # noqa: FBT001
        late = Q(late_by_s__gt=0)
        return rows.filter(late) if wanted else rows.filter(Q(late_by_s=0) | Q(late_by_s__isnull=True))

    def not_certain(self, rows: QuerySet[AttendanceRecord], _name: str, wanted: bool) -> QuerySet[AttendanceRecord]:  # noqa: FBT001
        uncertain = Q(late_uncertain=True) | Q(early_uncertain=True)
        return rows.filter(uncertain) if wanted else rows.exclude(uncertain)


class VisitFilter(_DayFilter):
    """By local date (`date`, or `from` and `to`, both inclusive), person, area, site, group of the person on that day (UUIDs).

    `open=true`: no exit was seen, so it is an error until somebody enters the exit, or a rule closes it.
    """

    area = django_filters.UUIDFilter(field_name="area__uuid")
    site = django_filters.UUIDFilter(field_name="area__site__uuid")
    group = django_filters.UUIDFilter(method="of_members")
    state = django_filters.ChoiceFilter(choices=[(state.value, state.value.replace("_", " ")) for state in VisitState])
    open = django_filters.BooleanFilter(method="without_exit")

    class Meta:
        model = VisitRow
        fields: tuple[str, ...] = ()

    def without_exit(self, rows: QuerySet[VisitRow], _name: str, wanted: bool) -> QuerySet[VisitRow]:  # noqa: FBT001
        return rows.filter(state=VisitState.OPEN) if wanted else rows.exclude(state=VisitState.OPEN)
