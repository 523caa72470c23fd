"""Links that are slow, lossy, cut or answered without end: heartbeat and records go on, crops hold up nobody, memory stays bounded."""

import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.fault_proxy import FaultProxy
from tests.contract.installation import ROOT
from tests.faults.network_archive import Archive
from tests.faults.network_link import Link
from tests.faults.network_node import judge

WITHIN_S = 60.0
Tell = Callable[[str], None]


def wait_until(done: Callable[[], bool], *, within_s: float = WITHIN_S) -> float:
    """How long it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < within_s, f"not done within {within_s:.0f} s"
        time.sleep(0.02)
    return time.monotonic() - began


def test_over_a_slow_and_lossy_link_everything_arrives_once(archive: Archive, tmp_path: Path, tell: Tell) -> None:
    link = Link(archive.url, bytes_per_s=120_000, delay_s=0.02, reset_after_bytes=60_000)
    with link.open():
        node = archive.node_in(tmp_path, through=link.url)
        node.put(20, crops=True)
        with node.courier() as calls:
            took_s = wait_until(lambda: node.status().is_drained)
    assert link.resets >= 2
    assert judge(node.recorded, archive.held()).sound
    assert archive.crops_held() == 20
    broken = sum(call.status is None for call in calls)
    tell(f"slow and lossy link: {link.carried} bytes in {took_s:.1f} s, {link.resets} resets broke {broken} of {len(calls)} calls")


def test_a_link_that_is_cut_without_a_word_loses_nothing_and_is_used_again(archive: Archive, tmp_path: Path, tell: Tell) -> None:
    link = Link(archive.url)
    with link.open():
        node = archive.node_in(tmp_path, through=link.url)
        node.put(5, crops=True)
        with node.courier():
            wait_until(lambda: node.status().is_drained)
            link.cut()
            node.put(10, crops=True)
            time.sleep(1)
            assert (len(archive.held()), node.status().waiting) == (5, 10)
            link.mend()
            took_s = wait_until(lambda: node.status().is_drained)
    assert judge(node.recorded, archive.held()).sound
    tell(f"cut link: everything delivered {took_s:.1f} s after it was mended")


def test_a_crop_that_is_answered_without_end_holds_up_neither_records_nor_heartbeats(
    archive: Archive, proxy: FaultProxy, tmp_path: Path, tell: Tell
) -> None:
    node = archive.node_in(tmp_path, through=proxy.url)
    proxy.choose = lambda name, _body: "drip" if name == "crops" else None
    node.put(3, crops=True)
    with node.courier():
        wait_until(lambda: "crops" in proxy.seen)
        beats = archive.calls.count("heartbeat")
        (fresh,) = node.put(1)
        took_s = wait_until(lambda: any(key[2] == fresh.sha256 for key in archive.held()), within_s=8)
        wait_until(lambda: archive.calls.count("heartbeat") >= beats + 2, within_s=8)
        assert (archive.crops_held(), node.status().crops_waiting) == (0, 3)
        proxy.ends = True
    tell(f"a crop answered without end: a fresh record arrived in {took_s:.1f} s, heartbeats went on")


def test_control_with_one_thread_for_both_lanes_a_record_waits_behind_such_a_crop(
    archive: Archive, proxy: FaultProxy, tmp_path: Path
) -> None:
    node = archive.node_in(tmp_path, through=proxy.url)
    proxy.choose = lambda name, _body: "no_answer" if name == "crops" else None
    node.put(1, crops=True)
    with node.lanes(read_timeout_s=1.0) as lanes:
        lanes.records.step()
        node.put(1)
        began = time.monotonic()
        lanes.crops.step()
        assert (len(archive.held()), time.monotonic() - began > 0.9) == (1, True)


def test_an_answer_without_end_does_not_fill_the_memory(archive: Archive, proxy: FaultProxy, tmp_path: Path, tell: Tell) -> None:
    node = archive.node_in(tmp_path, through=proxy.url)
    node.put(3)
    proxy.fates["records"] = ["flood"]
    with node.lanes() as lanes:
        tracemalloc.start()
        lanes.records.step()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert node.status().waiting == 3
        lanes.go_until(lambda: node.status().is_drained)
    tell(f"an answer without end: at most {peak / 1e6:.1f} MB more")
    assert peak < 10_000_000


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of one's own takes root")
def test_packets_that_are_dropped_lose_nothing(tmp_path: Path, tell: Tell) -> None:
    command = ["unshare", "--net", "--", sys.executable, "-m", "tests.faults.network_partition", str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=110)
    if ended.returncode == 77:
        pytest.skip(ended.stderr.strip())
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    tell(f"partition by nftables: {told}")
    assert told["answers_dropped"] == {"held": 10, "waiting": 5}
    assert told["everything_dropped"] == {"held": 10, "waiting": 5}
    assert (told["lost"], told["duplicated"], told["invented"], told["waiting"]) == (0, 0, 0, 0)
