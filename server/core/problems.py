"""Errors as problem details (RFC 9457): type, title, status, detail, code, errors."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from django.core.exceptions import DisallowedHost, PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.csrf import csrf_failure as csrf_page
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from server.core.errors import LintelError, Unavailable

CONTENT_TYPE = "application/problem+json"
API_PREFIX = "/api/"
DATABASE_DOWN = "The database does not answer; try again."
FieldErrors = dict[str, list[str]]
log = structlog.get_logger(__name__)


_PLAIN: tuple[tuple[type[Exception], int, str, str], ...] = (
    (Http404, 404, "not_found", "There is no such thing here."),
    (PermissionDenied, 403, "permission_denied", "You are not allowed to do this."),
    (ProtectedError, 409, "in_use", "It is in use and cannot be deleted."),
    (OperationalError, 503, "database_unavailable", DATABASE_DOWN),
    (InterfaceError, 503, "database_unavailable", DATABASE_DOWN),
)


def problem(
    status: int, code: str, detail: str, *, title: str = "", errors: Mapping[str, Sequence[str]] | None = None
) -> dict[str, object]:
    """The body of a problem."""
    return {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": {name: list(messages) for name, messages in (errors or {}).items()},
    }


def exception_handler(error: Exception, context: Mapping[str, object]) -> Response | None:  # noqa: ARG001  (DRF's signature)
    """DRF's exception handler. What it does not know is left to Django and becomes a plain 500 without details."""
    set_rollback()
    known = _known(error)
    if known is None:
        return None
    body, headers = known
    return Response(body, status=int(str(body["status"])), headers=headers, content_type=CONTENT_TYPE)


def _known(error: Exception) -> tuple[dict[str, object], dict[str, str]] | None:
    if isinstance(error, LintelError):
        return _of_ours(error)
    if isinstance(error, exceptions.APIException):
        return _of_rest_framework(error)
    if isinstance(error, ValidationError):
        return problem(400, "invalid", "Some fields are not acceptable.", errors=_django_errors(error)), {}
    for kind, status, code, detail in _PLAIN:
        if isinstance(error, kind):
            return problem(status, code, detail), {"Retry-After": "5"} if status == 503 else {}
    return None


def _of_ours(error: LintelError) -> tuple[dict[str, object], dict[str, str]]:
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else {}
    return problem(error.status, error.code, str(error), title=error.title, errors=error.errors), headers


def _of_rest_framework(error: exceptions.APIException) -> tuple[dict[str, object], dict[str, str]]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(error, exceptions.ValidationError):
        return problem(error.status_code, "invalid", "Some fields are not acceptable.", errors=_flat(error.detail)), headers
    detail = error.detail
    code = getattr(detail, "code", None) or error.default_code
    return problem(error.status_code, str(code), str(detail)), headers


def _flat(detail: object, where: str = "") -> FieldErrors:
    """Nested field errors under dotted names."""
    if isinstance(detail, Mapping):
        found: FieldErrors = {}
        for name, inner in detail.items():
            found |= _flat(inner, f"{where}.{name}" if where else str(name))
        return found
    if isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return {where or "non_field_errors": [str(item) for item in detail]}
        found = {}
        for index, inner in enumerate(detail):
            found |= _flat(inner, f"{where}.{index}" if where else str(index))
        return found
    return {where or "non_field_errors": [str(detail)]}


def _django_errors(error: ValidationError) -> FieldErrors:
    if hasattr(error, "error_dict"):
        return {"non_field_errors" if name == "__all__" else name: messages for name, messages in error.message_dict.items()}
    return {"non_field_errors": list(error.messages)}


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PREFIX)


def problem_response(status: int, code: str, detail: str) -> JsonResponse:
    """A problem from outside of the REST framework."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        detail = "This server does not answer to that name; use another, or add it to `allowed_hosts` in the server's configuration."
        return problem_response(400, "unknown_host", detail)
    if is_api(request):
        return problem_response(400, "bad_request", "The request cannot be read.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(403, "permission_denied", "You are not allowed to do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(404, "not_found", "There is no such address; see /api/docs/ for those there are.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api(request):
        return problem_response(500, "server_error", "The server failed; the reason is in its log.")
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_api(request):
        return problem_response(403, "csrf_failed", "The CSRF token is missing or wrong.")
    return csrf_page(request, reason=reason)
