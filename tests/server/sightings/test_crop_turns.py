"""Half the threads of a process are for crops; the others are always there for records and heartbeats."""

from collections.abc import Callable
from threading import Event, Thread

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from server.sightings.crop_turns import CropTurns

CROP, RECORDS = "/api/v1/node/crops/" + "0" * 64, "/api/v1/node/records"


class Server:
    """Four threads, all of which work until they are let go."""

    def __init__(self) -> None:
        self.entered: list[Event] = []
        self.go = Event()
        self._turns = CropTurns(self._view)
        self._threads: list[Thread] = []

    def ask(self, path: str) -> HttpResponse:
        response = self._turns(RequestFactory().put(path, b"x"))
        assert isinstance(response, HttpResponse)
        return response

    def occupy(self, path: str) -> None:
        """Have a thread at work on it."""
        entered = Event()
        self.entered.append(entered)
        self._threads.append(Thread(target=self.ask, args=(path,)))
        self._threads[-1].start()
        assert entered.wait(10)

    def finish(self) -> None:
        self.go.set()
        for thread in self._threads:
            thread.join(10)

    def _view(self, request: HttpRequest) -> HttpResponse:
        if self.entered and not self.entered[-1].is_set():
            self.entered[-1].set()
            self.go.wait(10)
        return HttpResponse(status=204)


@pytest.fixture
def server(settings: Settings) -> Server:
    settings.LINTEL_CONFIG = settings.LINTEL_CONFIG.model_copy(update={"threads": 4})
    return Server()


def test_a_crop_too_many_is_asked_to_come_again_and_nobody_else_is(server: Server) -> None:
    server.occupy(CROP)
    server.occupy(CROP)
    refused, taken = server.ask(CROP), server.ask(RECORDS)
    server.finish()
    assert (refused.status_code, refused.headers["Retry-After"], taken.status_code) == (429, "2", 204)
    assert server.ask(CROP).status_code == 204


def test_control_records_do_not_take_the_turn_of_a_crop(server: Server) -> None:
    for _ in range(3):
        server.occupy(RECORDS)
    taken = server.ask(CROP)
    server.finish()
    assert taken.status_code == 204


@pytest.mark.parametrize("fails", [ValueError, OSError])
def test_a_crop_that_fails_gives_its_turn_back(settings: Settings, fails: type[Exception]) -> None:
    settings.LINTEL_CONFIG = settings.LINTEL_CONFIG.model_copy(update={"threads": 1})
    turns = CropTurns(_raising(fails))
    for _ in range(2):
        with pytest.raises(fails):
            turns(RequestFactory().put(CROP, b"x"))


def _raising(error: type[Exception]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view
