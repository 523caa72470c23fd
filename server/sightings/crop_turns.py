"""Crops wait for records: however many nodes come back at once, a thread stays free for what cannot be sent again later."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from server.core.problems import problem_response

CROPS: Final = "/api/v1/node/crops/"
RETRY_AFTER_S: Final = 2


class CropTurns:
    """Middleware. While half the threads of this process are busy with crops, another one is answered with 429 at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._free = threading.BoundedSemaphore(max(1, settings.LINTEL_CONFIG.threads // 2))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(CROPS):
            return self._get_response(request)
        if not self._free.acquire(blocking=False):
            response = problem_response(
                HTTPStatus.TOO_MANY_REQUESTS, "crops_busy", "Many crops come in just now; send this one again later."
            )
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
            return response
        try:
            return self._get_response(request)
        finally:
            self._free.release()
