import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.fault_proxy import FaultProxy
from tests.faults.network_archive import Archive
from tests.faults.shim import NO_COMPILER, has_compiler

_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of its own is made in it)
_TOLD = "told"


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a line at the end of the whole run: the numbers of a fault test are its result. It travels with the test's report."""

    def told(line: str) -> None:
        request.node.user_properties.append((_TOLD, line))

    return told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports if isinstance(report, pytest.TestReport)]
    lines = [line for report in reports if report.when == "teardown" for name, line in report.user_properties if name == _TOLD]
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(str(line))


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: what is durable is told by a journal here, not by the machine."""
    folder = Path(tempfile.mkdtemp(prefix="lintel-faults-", dir=_MEMORY if _MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def card(memory: Path) -> Path:
    """The same for a watched disk."""
    if not has_compiler():
        pytest.skip(NO_COMPILER)
    return memory


@pytest.fixture
def archive() -> Iterator[Archive]:
    """A server that keeps what it is sent, over HTTP."""
    with Archive().running() as archive:
        yield archive


@pytest.fixture
def proxy(archive: Archive) -> Iterator[FaultProxy]:
    """A proxy in front of it that misbehaves as told."""
    proxy = FaultProxy(archive.url)
    running = proxy.start()
    yield proxy
    running.shutdown()
    running.server_close()
