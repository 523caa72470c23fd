"""Headers every page carries, and refusals before a request is read."""

import contextlib
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from server.core.problems import DATABASE_DOWN, is_api, problem_response

GetResponse = Callable[[HttpRequest], HttpResponseBase]
MAX_API_BODY_BYTES = 64 * 1024 * 1024
MAX_REST_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


class ContentSecurityPolicy:
    """Scripts, styles and images from this server alone, and no inline script."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
        return response


class DatabaseDown:
    """A view that finds the database gone is answered with 503, so that browsers and proxies know that it is worth trying again."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, (OperationalError, InterfaceError)):
            return None
        response: HttpResponse = problem_response(503, "database_unavailable", DATABASE_DOWN)
        if not is_api(request):
            response = HttpResponse(DATABASE_DOWN, status=503, content_type="text/plain; charset=utf-8")
        response.headers["Retry-After"] = "5"
        return response


class BodyLimits:
    """Refuses bodies whose size is unknown, too large or compressed, before anybody reads them.

    What a view left unread is read before the answer goes out: left on the connection it would be mixed up with the next request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = _refusal(request) or self._get_response(request)
        _read_rest(request)
        return response


def _read_rest(request: HttpRequest) -> None:
    """Of bodies up to `MAX_REST_BYTES`; after a larger one that was not read the connection is closed."""
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > MAX_REST_BYTES:
        return
    with contextlib.suppress(OSError):
        while request.read(CHUNK_BYTES):
            pass


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if not is_api(request):
        return None
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return problem_response(415, "content_encoding", "Compressed bodies are not accepted; send the body as it is.")
    if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
        return problem_response(411, "length_required", "State the size of the body in Content-Length.")
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit():
        return problem_response(400, "bad_request", "Content-Length is not a number.")
    if int(length) > MAX_API_BODY_BYTES:
        return problem_response(413, "body_too_large", f"The body has {length} bytes, at most {MAX_API_BODY_BYTES} are accepted.")
    return None
