"""Whatever is asked of the API, it answers as its description says: no failure, no status, type or body that is not told of there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from server.accounts.services import token_create
from server.core.permissions import Role
from tests.factories import NOON
from tests.server.matrix_world import OWN, STRANGE, World

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
Operation = APIOperation[Any, Any, Any, Any]
Asked = Case[Any]
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
NAMED = {"person": "people", "group": "groups", "membership": "memberships", "sample": "samples"}


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: what they show of themselves, and whose things they name."""

    headers: dict[str, str]
    kind: str
    wants: Callable[[str], bool] = lambda path: not path.startswith("/api/v1/node/")


@contextmanager
def connection_kept() -> Iterator[None]:
    """Within a test's transaction a request may not close its connection; the test client lets it again after every request of its own."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def operations() -> list[Operation]:
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = [one.ok() for one in schemathesis.openapi.from_dict(described).get_all_operations() if isinstance(one, Ok)]
    assert len(found) == sum(len(methods) for methods in described["paths"].values()) > 150
    return found


def callers(world: World) -> dict[str, Caller]:
    def token(role: Role) -> dict[str, str]:
        return {"Authorization": f"Token {token_create(user=world.accounts[role], name='test', now=NOON)}"}

    return {
        "admin": Caller(token(Role.ADMIN), STRANGE),
        "self": Caller(token(Role.SELF), OWN),
        "nobody": Caller({}, STRANGE, lambda _: True),
        "node": Caller({"Authorization": f"Bearer {world.fake.token}"}, STRANGE, lambda path: path.startswith("/api/v1/node/")),
    }


@pytest.mark.parametrize(("who", "examples"), [("admin", 1), ("self", 1), ("node", 6)])
def test_the_api_answers_as_it_is_described(who: str, examples: int, operations: list[Operation]) -> None:
    faults = faults_of(who, examples, operations)
    assert not faults, "\n\n".join(faults)


@pytest.mark.slow
@pytest.mark.parametrize(("who", "examples"), [("admin", 6), ("self", 2), ("nobody", 1), ("node", 30)])
def test_the_api_answers_as_it_is_described_however_often_it_is_asked(who: str, examples: int, operations: list[Operation]) -> None:
    faults = faults_of(who, examples, operations)
    assert not faults, "\n\n".join(faults)


def test_control_an_answer_that_is_not_described_is_found(operations: list[Operation]) -> None:
    def teapot(_environ: object, start_response: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        start_response("418 Teapot", [("Content-Type", "text/plain")])
        return [b"short and stout"]

    world = World()
    told = _fault(operations[0], GenerationMode.POSITIVE, 1, partial(_ask, teapot, world, callers(world)["admin"]))
    assert "Undocumented status code" in told


def faults_of(who: str, examples: int, operations: list[Operation]) -> list[str]:
    world = World()
    caller = callers(world)[who]
    ask = partial(_ask, get_wsgi_application(), world, caller)
    with connection_kept():
        wanted = [operation for operation in operations if caller.wants(operation.path)]
        found = [_fault(operation, mode, examples, ask) for operation in wanted for mode in BOTH]
    return [fault for fault in found if fault]


def _fault(operation: Operation, mode: GenerationMode, examples: int, ask: Callable[[Asked, bool], None]) -> str:
    """What went wrong; empty: nothing, also where the description leaves nothing that could contradict it."""
    try:
        _many(operation, mode, examples, ask)
    except Unsatisfiable:
        return ""
    except (FailureGroup, Failure) as failure:
        return f"{operation.label} ({mode}): {_told(failure)}"
    return ""


def _told(failure: BaseException) -> str:
    parts = failure.exceptions if isinstance(failure, BaseExceptionGroup) else (failure,)
    return "\n".join(f"{type(part).__name__}: {part}"[:1500] for part in parts)


def _many(operation: Operation, mode: GenerationMode, examples: int, ask: Callable[[Asked, bool], None]) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), named=st.booleans())
    def asked(case: Asked, named: bool) -> None:  # noqa: FBT001
        ask(case, named)

    asked()


def _ask(app: Any, world: World, caller: Caller, case: Asked, named: bool) -> None:  # noqa: FBT001
    """`named`: the address names something that is there."""
    if named:
        segment = case.operation.path.removeprefix("/api/v1/").split("/")[0]
        for name in list(case.path_parameters or {}):
            wanted = segment if name == "id" else NAMED.get(name, name)
            if wanted in world.bundles[caller.kind].ids | world.shared:
                case.path_parameters[name] = str(world.id_of(wanted, caller.kind))
    with transaction.atomic():
        response = case.call(app=app, base_url="http://testserver", headers=caller.headers)
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS, headers=caller.headers)
