import logging
from pathlib import Path

import pytest

from edge_client.identify import Identify, Light
from tests.edge_client.fakes import FakeClock


@pytest.fixture
def led(tmp_path: Path) -> Path:
    (tmp_path / "trigger").write_text("none timer [mmc0] heartbeat\n", encoding="ascii")
    (tmp_path / "brightness").write_text("0", encoding="ascii")
    return tmp_path


def read(led: Path, name: str) -> str:
    return (led / name).read_text(encoding="ascii").strip()


def test_the_light_blinks_for_so_long_and_then_does_again_what_it_did(led: Path, clock: FakeClock) -> None:
    identify = Identify(Light(led), clock=clock)
    identify.step()
    assert read(led, "brightness") == "0"
    identify.start(2)
    seen = []
    for _ in range(6):
        identify.step()
        seen.append(read(led, "brightness"))
        clock.go_on(0.25)
    assert seen == ["1", "0", "1", "0", "1", "0"]
    assert read(led, "trigger") == "none"
    clock.go_on(1)
    identify.step()
    assert read(led, "trigger") == "mmc0"


def test_a_stop_gives_the_light_back(led: Path, clock: FakeClock) -> None:
    identify = Identify(Light(led), clock=clock)
    identify.start(60)
    identify.step()
    identify.close()
    assert read(led, "trigger") == "mmc0"


def test_a_later_wish_is_no_second_beginning_and_none_is_no_end(led: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    identify = Identify(Light(led), clock=clock)
    with caplog.at_level(logging.INFO, "lintel.identify"):
        for seconds in (10, 10, 0):
            identify.start(seconds)
            identify.step()
            clock.go_on(1)
    assert [record.getMessage() for record in caplog.records] == ["this is the node that somebody looks for"]
    assert read(led, "trigger") == "none"


def test_where_there_is_no_light_it_is_said_once_and_nothing_breaks(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    identify = Identify(Light(tmp_path / "none"), clock=clock)
    identify.start(10)
    with caplog.at_level(logging.INFO, "lintel.identify"):
        for _ in range(5):
            identify.step()
            clock.go_on(0.3)
    assert sum("not there" in record.getMessage() for record in caplog.records) == 1
