from collections.abc import Iterator

import pytest

from tests.deploy.local.fakes import FakeServer


@pytest.fixture
def fake_server() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.close()
