"""A courier whose contact is led step by step, on a clock that stands still until it is told to go on."""

from collections.abc import Callable
from pathlib import Path

from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.courier import Courier, Surroundings, build
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import Heartbeat, NodeSettings, TokenAnswer
from tests.edge_client.fakes import FakeClock, FakeServer, make_claimed
from tests.edge_client.test_courier import answer, config_of

FIRST, NEXT = "bearer-of-the-test", "the-next-bearer"
Meet = Callable[[], None]
"""The next contact, however long it takes until it is due."""


def a_courier(state: Path, clock: FakeClock, server: FakeServer) -> Courier:
    """Of a claimed node, at a server that has a gallery, settings and a next token."""
    server.answers["heartbeat"] = lambda _: answer()
    server.answers["token"] = lambda _: TokenAnswer(token=NEXT, generation=2).model_dump_json()
    server.documents["settings"] = (NodeSettings(revision=2, heartbeat_ms=5000).model_dump_json(), '"s2"')
    server.documents["gallery"] = (GallerySnapshot(revision=7, model_id="m", dimension=2, people=()).model_dump_json(), '"g7"')
    make_claimed(state)
    return build(config_of(state, server.url), Surroundings(clock=clock, wait=clock.wait, random=lambda: 0.5))


def meeting(courier: Courier, clock: FakeClock) -> Meet:
    def meet() -> None:
        clock.go_on(700)
        courier.contact.step()

    return meet


def last_heartbeat(server: FakeServer) -> Heartbeat:
    return Heartbeat.model_validate_json(server.bodies["heartbeat"][-1])


def capture_says(state: Path, clock: FakeClock, **changes: object) -> None:
    told = {"at": clock.reading(), "camera": "ok", "model_id": "m", "gallery_revision": 7, "settings_revision": 2, **changes}
    CaptureReportFile(state / "run").write(CaptureReport.model_validate(told))
