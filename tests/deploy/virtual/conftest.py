"""What tests on virtual hosts share: the wheels, the recording, the network and the server in it."""

import platform
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy import wheelhouse
from tests.deploy.virtual import by_hand
from tests.deploy.virtual.house import House, open_house
from tests.deploy.virtual.machine import can_be_made, own_network

TARGET = f"{platform.machine()}-py3.11"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and not can_be_made():
            item.add_marker(pytest.mark.skip(reason="virtual hosts need root, systemd-nspawn, nsenter, ip and debootstrap"))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Large and on a disk: whole hosts lie in it."""
    with TemporaryDirectory(prefix="lintel-virtual-", dir="/var/tmp") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def wheels(folder: Path) -> Path:
    """The wheelhouse, with a folder per target."""
    assert wheelhouse.main(["--to", str(folder / "wheelhouse"), TARGET]) == 0
    return folder / "wheelhouse"


@pytest.fixture(scope="session")
def clip(folder: Path) -> Path:
    return by_hand.build_clip(folder)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """In a network of its own, which the tests of the module are in too."""
    with own_network(), open_house() as opened:
        yield opened
