"""Who may do what: one matrix, resource × verb × role → scope. Views, the staff pages and the tests all read it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, cast

from rest_framework.permissions import BasePermission

from server.core.roles import Role as Role  # noqa: PLC0414 (part of the matrix's vocabulary)

if TYPE_CHECKING:  # the REST framework's views import this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Verb(StrEnum):
    """What is done. Making and changing are one."""

    VIEW = "view"
    CHANGE = "change"
    DELETE = "delete"


class Scope(StrEnum):
    """How far it reaches. OWN: the person the account is linked to."""

    NONE = "none"
    OWN = "own"
    OWN_GROUPS = "own_groups"
    ALL = "all"


class Resource(StrEnum):
    """What it is done to."""

    ACCOUNTS = "accounts"
    SITES = "sites"
    DOORS = "doors"
    MOUNTS = "mounts"
    NODES = "nodes"
    NODE_ALARMS = "node_alarms"
    CONTESTED_NODES = "contested_nodes"
    PEOPLE = "people"
    GROUPS = "groups"
    SAMPLES = "samples"
    SIGHTINGS = "sightings"
    CROPS = "crops"
    SIGHTING_DECISIONS = "sighting_decisions"
    SCHEDULES = "schedules"
    SESSIONS = "sessions"
    HOLIDAYS = "holidays"
    LEAVE = "leave"
    AREAS = "areas"
    ATTENDANCE = "attendance"
    PRESENCE = "presence"
    VISITS = "visits"
    MANUAL_MARKS = "manual_marks"
    CORRECTIONS = "corrections"
    CORRECTION_DECISIONS = "correction_decisions"
    SEALS = "seals"
    DISCREPANCIES = "discrepancies"
    REPORTS = "reports"
    EXPORTS = "exports"
    AUDIT = "audit"


class Account(Protocol):
    """What the matrix needs to know of an account."""

    is_active: bool
    role: str


_ADMIN_ONLY = {Role.ADMIN: Scope.ALL}
_RUNNING = _ADMIN_ONLY | {Role.OPERATOR: Scope.ALL}
_RUNNING_AND_AUDITED = _RUNNING | {Role.AUDITOR: Scope.ALL}
_PLACES_SEEN = dict.fromkeys(Role, Scope.ALL)
_PEOPLE_SEEN = _RUNNING_AND_AUDITED | {Role.MANAGER: Scope.OWN_GROUPS, Role.VIEWER: Scope.ALL, Role.SELF: Scope.OWN}
_FACES_SEEN = _RUNNING | {Role.MANAGER: Scope.OWN_GROUPS, Role.SELF: Scope.OWN}
_LED = _RUNNING | {Role.MANAGER: Scope.OWN_GROUPS}
_LED_AND_AUDITED = _LED | {Role.AUDITOR: Scope.ALL}
_Row = Mapping[Verb, Mapping[Role, Scope]]


def _row(view: Mapping[Role, Scope], change: Mapping[Role, Scope], delete: Mapping[Role, Scope]) -> _Row:
    return {Verb.VIEW: view, Verb.CHANGE: change, Verb.DELETE: delete}


MATRIX: Mapping[Resource, _Row] = {
    Resource.ACCOUNTS: _row(_ADMIN_ONLY | {Role.AUDITOR: Scope.ALL}, _ADMIN_ONLY, _ADMIN_ONLY),
    Resource.SITES: _row(_PLACES_SEEN, _ADMIN_ONLY, _ADMIN_ONLY),
    Resource.DOORS: _row(_PLACES_SEEN, _RUNNING, _ADMIN_ONLY),
    Resource.MOUNTS: _row(_RUNNING_AND_AUDITED, _RUNNING, _ADMIN_ONLY),
    Resource.NODES: _row(_RUNNING_AND_AUDITED, _RUNNING, _ADMIN_ONLY),
    Resource.NODE_ALARMS: _row(_RUNNING_AND_AUDITED, _RUNNING, {}),
    Resource.CONTESTED_NODES: _row(_RUNNING_AND_AUDITED, _ADMIN_ONLY, {}),
    Resource.PEOPLE: _row(_PEOPLE_SEEN, _RUNNING, _ADMIN_ONLY),
    Resource.GROUPS: _row(_PEOPLE_SEEN, _RUNNING, _ADMIN_ONLY),
    Resource.SAMPLES: _row(_RUNNING, _RUNNING, _RUNNING),
    Resource.SIGHTINGS: _row(_PEOPLE_SEEN, _RUNNING, {}),
    Resource.CROPS: _row(_FACES_SEEN, {}, _ADMIN_ONLY),
    Resource.SIGHTING_DECISIONS: _row(_RUNNING_AND_AUDITED, _RUNNING, {}),
    Resource.SCHEDULES: _row(_PEOPLE_SEEN, _LED, _RUNNING),
    Resource.SESSIONS: _row(_PEOPLE_SEEN, _LED, _RUNNING),
    Resource.HOLIDAYS: _row(_PLACES_SEEN, _RUNNING, _RUNNING),
    Resource.LEAVE: _row(_PEOPLE_SEEN, _LED, _RUNNING),
    Resource.AREAS: _row(_PLACES_SEEN, _RUNNING, _RUNNING),
    Resource.ATTENDANCE: _row(_PEOPLE_SEEN, _RUNNING, {}),
    Resource.PRESENCE: _row(_PEOPLE_SEEN, {}, {}),
    Resource.VISITS: _row(_PEOPLE_SEEN, {}, {}),
    Resource.MANUAL_MARKS: _row(_PEOPLE_SEEN, _LED, {}),
    Resource.CORRECTIONS: _row(_PEOPLE_SEEN, _LED | {Role.SELF: Scope.OWN}, {}),
    Resource.CORRECTION_DECISIONS: _row(_LED_AND_AUDITED, _LED, {}),
    Resource.SEALS: _row(_PEOPLE_SEEN, _RUNNING, _ADMIN_ONLY),
    Resource.DISCREPANCIES: _row(_LED_AND_AUDITED, _RUNNING, {}),
    Resource.REPORTS: _row(_PEOPLE_SEEN, {}, {}),
    Resource.EXPORTS: _row(_RUNNING_AND_AUDITED, _ADMIN_ONLY, {}),
    Resource.AUDIT: _row(_ADMIN_ONLY | {Role.AUDITOR: Scope.ALL}, {}, {}),
}


def scope_for(account: object, resource: Resource, verb: Verb) -> Scope:
    """How far this account reaches. An account without a known role reaches nothing."""
    known = cast("Account", account)
    if not getattr(account, "is_authenticated", False) or not known.is_active:
        return Scope.NONE
    try:
        role = Role(known.role)
    except (AttributeError, ValueError):
        return Scope.NONE
    return MATRIX[resource][verb].get(role, Scope.NONE)


def verb_of(method: str | None) -> Verb:
    """The verb behind an HTTP method."""
    if method in {"GET", "HEAD", "OPTIONS"}:
        return Verb.VIEW
    return Verb.DELETE if method == "DELETE" else Verb.CHANGE


class MatrixPermission(BasePermission):
    """Looks up `view.resource` in the matrix. A view without a resource is open to nobody."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        resource = getattr(view, "resource", None)
        if not isinstance(resource, Resource):
            return False
        return scope_for(request.user, resource, verb_of(request.method)) is not Scope.NONE


def scope_of_request(request: "Request", resource: Resource) -> Scope:
    """The scope that selectors filter by."""
    return scope_for(request.user, resource, verb_of(request.method))
