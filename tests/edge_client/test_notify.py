import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from edge_client.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@lintel-{uuid4().hex}"


@pytest.fixture
def systemd(address: str) -> Iterator[socket.socket]:
    """The end that systemd holds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0" + address[1:] if address.startswith("@") else address)
        end.settimeout(2)
        yield end


@pytest.fixture
def notifier(address: str) -> Iterator[Notifier]:
    notifier = Notifier.of({"NOTIFY_SOCKET": address})
    yield notifier
    notifier.close()


def test_systemd_hears_every_word(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.ready()
    notifier.watchdog()
    notifier.stopping()
    assert [systemd.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_status_is_one_line_so_that_it_cannot_say_another_word(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.status("camera\nREADY=1 " + "x" * 500)
    told = systemd.recv(1000)
    assert told.startswith(b"STATUS=camera READY=1 xxx")
    assert len(told) < 250
    assert b"\n" not in told


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_systemd_nothing_is_told(environment: dict[str, str], systemd: socket.socket) -> None:
    notifier = Notifier.of(environment)
    notifier.ready()
    notifier.status("nobody listens")
    notifier.close()
    systemd.settimeout(0)
    with pytest.raises(BlockingIOError):
        systemd.recv(1)


def test_a_systemd_that_has_gone_does_no_harm(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "nobody"))
    notifier.watchdog()
    notifier.close()
    notifier.watchdog()
    assert list(tmp_path.iterdir()) == []


def test_a_systemd_that_does_not_read_holds_nothing_up(systemd: socket.socket, notifier: Notifier) -> None:
    for _ in range(2000):
        notifier.watchdog()
    assert systemd.recv(100) == b"WATCHDOG=1"
