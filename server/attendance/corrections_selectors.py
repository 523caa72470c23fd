"""Reading what staff and people said about attendance, as far as the caller may see."""

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from server.accounts.models import User
from server.attendance.correction_models import Correction, CorrectionAttachment, ManualMark, ManualPass
from server.core.permissions import Resource, Scope, Verb, scope_for
from server.people.models import Group, Membership
from server.people.selectors import people_visible
from server.schedules.models import Session

_M = TypeVar("_M", bound=Model)


def about_visible(rows: QuerySet[_M], *, user: object, scope: Scope) -> QuerySet[_M]:
    """Those of the rows that are about people the caller may see."""
    if scope is Scope.ALL:
        return rows
    return rows.none() if scope is Scope.NONE else rows.filter(person__in=people_visible(user=user, scope=scope))


def corrections_visible(*, user: object, scope: Scope) -> QuerySet[Correction]:
    """With everything a list shows, in a fixed number of queries."""
    rows = Correction.objects.select_related("person", "session__site", "session__group", "requested_by", "decided_by")
    return about_visible(rows.prefetch_related("comments__by", "attachments__by"), user=user, scope=scope)


def corrections_to_decide(*, user: object, scope: Scope) -> QuerySet[Correction]:
    """Those this account may decide about: a manager's, where the session is one of a managed group as well."""
    rows = corrections_visible(user=user, scope=scope)
    return rows.filter(session__group__managers__pk=_key(user)) if scope is Scope.OWN_GROUPS else rows


def may_decide(*, user: object, session: Session) -> bool:
    """Whether this account decides about somebody else's attendance at this session."""
    scope = scope_for(user, Resource.CORRECTION_DECISIONS, Verb.CHANGE)
    if scope is Scope.OWN_GROUPS:
        return session.group.managers.filter(pk=_key(user)).exists()
    return scope is Scope.ALL


def may_open_papers(*, user: object, correction: Correction) -> bool:
    """Papers may say more than attendance does: they are for those who decide, who asked, and whom they are about."""
    key = _key(user)
    if scope_for(user, Resource.CORRECTION_DECISIONS, Verb.VIEW) is not Scope.NONE:
        return True
    return bool(key) and key in {correction.requested_by_id, correction.person.account_id}


def attachments_visible(*, user: object, scope: Scope) -> QuerySet[CorrectionAttachment]:
    """Of the corrections the caller may see."""
    corrections = corrections_visible(user=user, scope=scope)
    return CorrectionAttachment.objects.select_related("correction__person").filter(correction__in=corrections)


def marks_visible(*, user: object, scope: Scope) -> QuerySet[ManualMark]:
    """Undone ones too."""
    rows = ManualMark.objects.select_related("person", "session__site", "session__group", "made_by", "undone_by")
    return about_visible(rows, user=user, scope=scope)


def passes_visible(*, user: object, scope: Scope) -> QuerySet[ManualPass]:
    """Undone ones too."""
    return about_visible(ManualPass.objects.select_related("person", "door__site", "made_by", "undone_by"), user=user, scope=scope)


def sessions_to_speak_of(*, user: object, scope: Scope) -> QuerySet[Session]:
    """Sessions about whose attendance the caller may say something: all, those of managed groups, and those they belong to themselves."""
    rows = Session.objects.select_related("site", "group")
    if scope is Scope.ALL:
        return rows
    if scope is Scope.NONE:
        return rows.none()
    own = Exists(
        Membership.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=OuterRef("local_date")),
            person__account=_key(user),
            group=OuterRef("group"),
            valid_from__lte=OuterRef("local_date"),
        )
    )
    if scope is Scope.OWN:
        return rows.filter(own)
    return rows.filter(own | Q(group__in=Group.objects.filter(managers=_key(user))))


def _key(user: object) -> int:
    """0 is nobody's; None would find what has no account."""
    return user.pk if isinstance(user, User) else 0
