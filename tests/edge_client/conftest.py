from collections.abc import Iterator

import pytest

from tests.edge_client.fakes import FakeClock, FakeServer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    running = fake.start()
    yield fake
    running.shutdown()
    running.server_close()
