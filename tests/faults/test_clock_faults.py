"""F17 and F18 with the node's real processes and the real server: wrong and jumping wall clocks, five reboots without contact."""

import time
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import cv2
import pytest
from django.utils import timezone

from deploy.local import walk
from edge_client.clock import SystemClock
from edge_client.commands.claim import claim
from edge_client.config import NodeConfig
from edge_client.errors import OutboxError
from edge_client.outbox.status import read_status
from server.nodes.models import Node
from server.recompute.services import work_off
from server.sightings.boot_rows import clocks_of
from server.sightings.models import Observation, Record, Sighting
from server.sightings.times import captured, moment
from shared_schema import observation as wire
from tests.contract.claimed_node import claim_token
from tests.faults.clock_boots import Boot, cut_off, why_not
from tests.faults.life import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.skipif(why_not() is not None, reason=str(why_not()))]
DAY_S = 86_400
SINCE_1970_S = int(time.time()) - 20
WRONG_BY_S = (-SINCE_1970_S, -DAY_S, DAY_S, -SINCE_1970_S, -3600)
KILLED = 2


class LiveServer(Protocol):
    url: str


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A node that looks at one person walking up to it, twelve seconds in all."""
    clip = cv2.VideoWriter(
        str(tmp_path / "walk.avi"), cv2.VideoWriter.fourcc(*"MJPG"), walk.FRAMES_PER_SECOND, (walk.WIDTH_PX, walk.HEIGHT_PX)
    )
    for frame, _ in zip(walk.frames(), range(11 * walk.FRAMES_PER_SECOND), strict=False):
        clip.write(frame)
    clip.release()
    path = tmp_path / "node.toml"
    path.write_text(
        f'state = "{tmp_path / "state"}"\n[camera]\nkind = "replay"\nsource = "{tmp_path / "walk.avi"}"\npace = "own"\n'
        "[settings]\nobservation_ms = 2000\ninterval_ms = 250\n",
        encoding="utf-8",
    )
    return path


def last_seq(folder: Path) -> int:
    try:
        return read_status(folder / "state" / "outbox", clock=SystemClock()).last_seq
    except OutboxError:
        return 0


def observed(boot: Boot) -> list[tuple[int, int]]:
    rows = Observation.objects.filter(boot_id=boot.boot_id).order_by("record__epoch", "record__seq")
    return list(rows.values_list("from_boot_ns", "until_boot_ns"))


def test_five_boots_without_contact_under_wrong_clocks_have_intervals_that_contain_the_truth(
    config: Path, tmp_path: Path, live_server: LiveServer
) -> None:
    before, boots, killed_ns = timezone.now(), [], 0
    claim(NodeConfig.load(config), server=live_server.url, token=claim_token())
    for number, wrong_by_s in enumerate(WRONG_BY_S):
        boot = Boot(tmp_path, wrong_by_s)
        boots.append(boot)
        process, seqs = boot.start("capture", config=config), last_seq(tmp_path)
        wait_until(lambda seqs=seqs: last_seq(tmp_path) >= seqs + 3)  # type: ignore[misc]
        boot.jump_to(WRONG_BY_S[number - 1])
        if number == KILLED:
            cut_off(process)
            killed_ns = time.time_ns()
        else:
            assert process.wait(60) == 0, (tmp_path / "errors").read_text()[-2000:]
    last = Boot(tmp_path, -DAY_S)
    assert last.run("courier", "--once", config=config) == 0, (tmp_path / "errors").read_text()[-2000:]
    work_off()

    by_id = {boot.boot_id: boot for boot in boots}
    slack_ns = 1_000_000
    for seen in Sighting.objects.all():
        true_ns = by_id[seen.boot_id].true_ns(seen.boot_ns)
        assert seen.earliest_at <= moment(true_ns + slack_ns)
        assert moment(true_ns - slack_ns) <= seen.latest_at
        assert before < seen.earliest_at
        assert abs(seen.wall_ns - true_ns) > 1800 * 10**9, "control: the node's own wall clock is far off"
    assert Sighting.objects.values("boot_id").distinct().count() >= len(WRONG_BY_S) - 1
    assert Sighting.objects.filter(time_known=True).exists()

    node = Node.objects.get()
    clocks = clocks_of(node, by_id)
    for record in Record.objects.filter(kind="observation"):
        at = wire.Observation.model_validate_json(bytes(record.payload)).at
        true_ns = by_id[at.boot_id].true_ns(at.boot_ns)
        when = captured(at, clocks[at.boot_id], since=node.created_at, received_at=record.received_at)
        assert when.earliest <= moment(true_ns + slack_ns)
        assert moment(true_ns - slack_ns) <= when.latest

    for number, boot in enumerate(boots):
        intervals = observed(boot)
        assert len(intervals) >= (1 if number == KILLED else 2), "while somebody is still to be told of, no more is vouched for"
        assert all(until == following for (_, until), (following, _) in pairwise(intervals))
        assert not Observation.objects.filter(boot_id=boot.boot_id).exclude(blind=[]).exists()
    assert boots[KILLED].true_ns(observed(boots[KILLED])[-1][1]) < killed_ns, "nothing is vouched for after the cut"
