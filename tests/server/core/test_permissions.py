from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import get_resolver
from rest_framework.views import APIView

from server.core.permissions import MATRIX, MatrixPermission, Resource, Role, Scope, Verb, scope_for


class Account:
    is_authenticated = True
    is_active = True

    def __init__(self, role: str | None) -> None:
        self.role = role


def test_the_matrix_speaks_of_every_resource_and_verb() -> None:
    assert set(MATRIX) == set(Resource)
    assert all(set(row) == set(Verb) for row in MATRIX.values())


def test_an_admin_sees_everything() -> None:
    assert {scope_for(Account("admin"), resource, Verb.VIEW) for resource in Resource} == {Scope.ALL}


def _changed_by(role: Role) -> dict[Resource, Scope]:
    reach = {
        resource: {scope_for(Account(role), resource, verb) for verb in (Verb.CHANGE, Verb.DELETE)} - {Scope.NONE} for resource in Resource
    }
    return {resource: scope for resource, scopes in reach.items() for scope in scopes}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_only_looks_changes_nothing(role: Role) -> None:
    assert _changed_by(role) == {}


def test_people_may_ask_for_corrections_of_their_own_attendance_and_change_nothing_else() -> None:
    assert _changed_by(Role.SELF) == {Resource.CORRECTIONS: Scope.OWN}


def test_managers_change_only_what_is_expected_and_said_of_their_groups() -> None:
    said = {Resource.MANUAL_MARKS, Resource.CORRECTIONS, Resource.CORRECTION_DECISIONS}
    expected = {Resource.SCHEDULES, Resource.SESSIONS, Resource.LEAVE}
    assert _changed_by(Role.MANAGER) == dict.fromkeys(said | expected, Scope.OWN_GROUPS)


@pytest.mark.parametrize("resource", [Resource.PEOPLE, Resource.SIGHTINGS, Resource.ATTENDANCE, Resource.PRESENCE])
def test_managers_reach_their_groups_and_people_themselves(resource: Resource) -> None:
    assert scope_for(Account("manager"), resource, Verb.VIEW) is Scope.OWN_GROUPS
    assert scope_for(Account("self"), resource, Verb.VIEW) is Scope.OWN


@pytest.mark.parametrize("account", [AnonymousUser(), Account("boss"), Account(None), object()])
def test_who_has_no_known_role_reaches_nothing(account: object) -> None:
    assert {scope_for(account, resource, verb) for resource in Resource for verb in Verb} == {Scope.NONE}


def test_an_account_that_is_switched_off_reaches_nothing() -> None:
    account = Account("admin")
    account.is_active = False
    assert scope_for(account, Resource.SITES, Verb.VIEW) is Scope.NONE


def test_every_view_behind_the_matrix_names_its_resource() -> None:
    views = [getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None) for pattern in _all_patterns()]
    guarded: list[Any] = [view for view in views if getattr(view, "get_permissions", None) is APIView.get_permissions]
    matrix = [view for view in guarded if MatrixPermission in view.permission_classes]
    assert matrix
    assert [view.__name__ for view in matrix if not isinstance(getattr(view, "resource", None), Resource)] == []


def _all_patterns() -> list[Any]:
    return list(_patterns(get_resolver().url_patterns))


def _patterns(patterns: Any) -> Iterator[Any]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns)
        else:
            yield pattern
