"""Reading schedules and what belongs to them, as far as the caller may see."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from server.accounts.models import User
from server.core.permissions import Scope
from server.people.models import Group, Membership, Person
from server.people.selectors import on_day, people_visible
from server.schedules.models import Area, Leave, Schedule, Session
from server.schedules.term_values import terms_read
from server.schedules.terms import Terms


def schedules_visible(*, user: object, scope: Scope) -> QuerySet[Schedule]:
    """All of them, those of the groups this account manages, those of the groups its person ever belonged to, or none."""
    found = Schedule.objects.select_related("site", "group").prefetch_related("doors")
    if scope is Scope.ALL:
        return found
    if scope is Scope.OWN_GROUPS and isinstance(user, User):
        return found.filter(group__in=_managed(user))
    if scope is Scope.OWN and isinstance(user, User):
        return found.filter(group__in=Membership.objects.filter(person__account=user).values("group_id"))
    return found.none()


def sessions_visible(*, user: object, scope: Scope) -> QuerySet[Session]:
    """All of them, those of the groups this account manages, those at which its person was expected, or none."""
    found = Session.objects.select_related("site", "group", "schedule").prefetch_related("doors")
    if scope is Scope.ALL:
        return found
    if scope is Scope.OWN_GROUPS and isinstance(user, User):
        return found.filter(group__in=_managed(user))
    if scope is Scope.OWN and isinstance(user, User):
        return found.filter(Exists(_memberships_then().filter(person__account=user)))
    return found.none()


def leave_visible(*, user: object, scope: Scope) -> QuerySet[Leave]:
    """That of the people the account sees."""
    found = Leave.objects.select_related("person")
    if scope is Scope.NONE:
        return found.none()
    return found.filter(person__in=people_visible(user=user, scope=scope))


def areas_listed() -> QuerySet[Area]:
    """Everybody who may see places sees all of them."""
    return Area.objects.select_related("site").prefetch_related("doors")


def session_terms(session: Session) -> Terms:
    """The terms the session was made with."""
    return terms_read(session.terms, Terms())


def expected_people(session: Session) -> QuerySet[Person]:
    """Who belongs to the session's group, and is active, on its local date."""
    members = Membership.objects.filter(on_day(session.local_date), group_id=session.group_id)
    active = on_day(session.local_date, prefix="active_")
    return Person.objects.filter(active, merged_into__isnull=True, erased_at__isnull=True, pk__in=members.values("person_id"))


def sessions_of_person(sessions: QuerySet[Session], person: UUID) -> QuerySet[Session]:
    """Those at which the person (a public id) was expected by membership."""
    return sessions.filter(Exists(_memberships_then().filter(person__uuid=person)))


def _memberships_then() -> QuerySet[Membership]:
    """For a subquery of sessions: the memberships of their groups on their local dates."""
    day = OuterRef("local_date")
    lasting = Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    return Membership.objects.filter(lasting, group=OuterRef("group"), valid_from__lte=day)


def _managed(user: User) -> QuerySet[Group]:
    return Group.objects.filter(Q(managers=user))
