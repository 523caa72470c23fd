"""Capture and courier under accounts of their own, as where the node is installed. For root alone: it becomes the accounts."""

import codecs
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_client.accounts import Accounts
from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.clock import SystemClock
from edge_client.commands.claim import claim, share_out
from edge_client.config import NodeConfig
from edge_client.courier import Surroundings, build
from edge_client.gallery_cache import GalleryCache
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.node_token import TokenFile
from edge_client.outbox.store import Outbox
from shared_schema.envelope import Kind
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import BatchReceipt, ClaimRequest, NodeSettings, Receipt, RecordBatch, Status, TokenAnswer
from tests.edge_client.fakes import FakeServer, claim_answer
from tests.edge_client.fast_clock import FastClock
from tests.edge_client.test_courier import answer

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root can become the node's accounts"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
ACCOUNTS = Accounts(capture=60_001, courier=60_002, group=60_003)
GALLERY = GallerySnapshot(revision=7, model_id="m", dimension=2, people=())


@dataclass(frozen=True)
class Host:
    """A node's folders as the host's set-up makes them."""

    config: NodeConfig
    server: FakeServer

    def as_capture(self, work: Callable[[], object]) -> str:
        return _as(ACCOUNTS.capture, work)

    def as_courier(self, work: Callable[[], object]) -> str:
        return _as(ACCOUNTS.courier, work)


def _as(user: int, work: Callable[[], object]) -> str:
    """What `work` raised in a process of this account; empty when it did not."""
    for encoding in ("ascii", "idna", "latin-1"):  # what is loaded only when it is needed may lie where the account may not look
        codecs.lookup(encoding)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = ""
        try:
            os.umask(0o007)
            os.setgroups([])
            os.setgid(ACCOUNTS.group)
            os.setuid(user)
            work()
        except PermissionError as error:
            said = f"may not: {Path(error.filename or '').name}"
        except BaseException:  # noqa: BLE001 (told to the parent)
            said = traceback.format_exc()
        os.write(writing, said.encode()[-4000:])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


@pytest.fixture
def host(server: FakeServer) -> Iterator[Host]:
    server.answers["claim"] = lambda _: claim_answer().model_copy(update={"gallery_secret": b"\x03" * 32}).model_dump_json()
    server.answers["heartbeat"] = lambda _: answer(rotate_token=True)
    server.answers["token"] = lambda _: TokenAnswer(token="the-next-bearer", generation=2).model_dump_json()
    server.documents["settings"] = (NodeSettings(revision=2).model_dump_json(), '"s2"')
    server.documents["gallery?model=m"] = server.documents["gallery"] = (GALLERY.model_dump_json(), '"g7"')
    server.answers["records"] = lambda body: _archived(server, body)
    folders = [Path(tempfile.mkdtemp(dir=top)) for top in ("/var/tmp", "/dev/shm")]  # noqa: S108
    for folder in folders:
        os.chown(folder, 0, ACCOUNTS.group)
        folder.chmod(0o2770)
    camera = {"kind": "replay", "source": "clip.mp4"}
    yield Host(NodeConfig.model_validate({"state": folders[0], "run": folders[1], "camera": camera}), server)
    for folder in folders:
        shutil.rmtree(folder)


def _archived(server: FakeServer, body: bytes) -> str:
    """Receipts for records of whatever key."""
    envelopes = [item.envelope for item in RecordBatch.model_validate_json(body).items]
    server.stored.update({(one.epoch, one.seq): one.sha256 for one in envelopes})
    receipts = (Receipt(epoch=one.epoch, seq=one.seq, sha256=one.sha256, status=Status.ARCHIVED) for one in envelopes)
    return BatchReceipt(receipts=tuple(receipts)).model_dump_json()


def claimed(host: Host) -> None:
    claim(host.config, server=host.server.url, token="one-time-token-of-the-test")
    share_out(host.config, ACCOUNTS)


def capture(host: Host, board: bytes | None) -> None:
    """What capture does at its start, and one sighting."""
    config, clock = host.config, SystemClock()
    identity, signer = IdentityFolder(config.state).load(), KeyFolder(config.state).signer()
    GalleryCache.of_capture(config.state, run=config.run_folder, identity=identity, read_board_key=lambda: board)
    outbox = Outbox.open(config.state / "outbox", identity=identity, signer=signer, clock=clock)
    outbox.put(Kind.SIGHTING, b"{}", probe=b"p", crop=b"jpeg")
    outbox.close()
    report = CaptureReport(at=clock.reading(), camera="ok", model_id="m", gallery_revision=0, settings_revision=0)
    CaptureReportFile(config.run_folder).write(report)


def deliver(host: Host) -> None:
    fast = FastClock(patience_s=600.0)
    build(host.config, Surroundings(clock=fast, wait=fast.wait, random=lambda: 0.5)).run(once=True)


def require_gallery(host: Host, board: bytes | None) -> None:
    identity = IdentityFolder(host.config.state).load()
    cache = GalleryCache.of_capture(host.config.state, run=host.config.run_folder, identity=identity, read_board_key=lambda: board)
    assert (cache.gallery("m"), cache.settings()) == (GALLERY, NodeSettings(revision=2))


@pytest.mark.parametrize("board", [None, b"\x04" * 32], ids=["gallery in memory", "gallery sealed"])
def test_each_does_its_work_without_the_secret_of_the_other(host: Host, board: bytes | None) -> None:
    claimed(host)
    assert host.as_capture(lambda: capture(host, board)) == ""
    assert host.as_courier(lambda: deliver(host)) == ""
    assert host.as_capture(lambda: require_gallery(host, board)) == ""
    assert host.as_capture(lambda: capture(host, board)) == ""
    assert host.as_courier(lambda: deliver(host)) == ""
    assert (len(host.server.stored), host.server.tokens[-1]) == (2, "the-next-bearer")
    assert ClaimRequest.model_validate_json(host.server.bodies["claim"][0]).proves_its_key()


def test_neither_may_read_the_secret_of_the_other(host: Host) -> None:
    claimed(host)
    assert host.as_courier(lambda: KeyFolder(host.config.state).signer()) == "may not: signing.key"
    assert host.as_capture(lambda: TokenFile(host.config.state).load()) == "may not: token.json"


def test_control_before_they_are_handed_over_neither_can_work(host: Host) -> None:
    claim(host.config, server=host.server.url, token="one-time-token-of-the-test")
    assert host.as_capture(lambda: capture(host, None)) == "may not: signing.key"
    assert host.as_courier(lambda: deliver(host)) == "may not: token.json"


def test_after_another_claim_both_go_on(host: Host) -> None:
    claimed(host)
    assert host.as_capture(lambda: capture(host, None)) == ""
    assert host.as_courier(lambda: deliver(host)) == ""
    claimed(host)
    assert host.as_capture(lambda: capture(host, None)) == ""
    assert host.as_courier(lambda: deliver(host)) == ""
    assert len(host.server.stored) == 2
