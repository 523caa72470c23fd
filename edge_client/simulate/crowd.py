"""All simulated nodes, shared out among a few processes: they fill their outboxes, wait for each other and return at once."""

import logging
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Protocol

from edge_client.errors import EdgeError
from edge_client.simulate.node import NodeReport, Running, SimulatedNode
from edge_client.simulate.passes import Faces
from edge_client.simulate.plan import Plan

_LOOK_EVERY_S: Final = 0.5
_LONGEST_FILL_S: Final = 4 * 3600.0


class Barrier(Protocol):
    """Where the processes wait for each other."""

    def wait(self, timeout: float | None = None) -> int: ...

    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Share:
    """The nodes of one process: their numbers and folders."""

    plan: Plan
    nodes: tuple[tuple[int, Path], ...]


@dataclass(frozen=True, slots=True)
class ShareReport:
    """How it went in one process. `began_s` is when its nodes returned, on CLOCK_MONOTONIC."""

    nodes: tuple[NodeReport, ...]
    filled: int
    began_s: float
    ended_s: float
    processor_s: float
    peak_bytes: int


def simulate(plan: Plan, folders: Sequence[Path], *, processes: int | None = None) -> tuple[ShareReport, ...]:
    """Run every node, the n-th in the n-th folder, where it was claimed. Raises EdgeError when a process ends without a report."""
    count = min(len(folders), processes or os.cpu_count() or 1)
    numbered = tuple(enumerate(folders, 1))
    shares = [Share(plan, numbered[first::count]) for first in range(count)]
    if count == 1:
        return (run_share(shares[0], threading.Barrier(1)),)
    return _in_processes(shares)


def run_share(share: Share, barrier: Barrier) -> ShareReport:
    """Fill, wait for the other processes, run until everything is delivered or the patience is at its end."""
    faces = Faces(share.plan.model)
    nodes = [SimulatedNode(number, folder, share.plan, faces) for number, folder in share.nodes]
    filled = sum(node.fill() for node in nodes)
    running = [Running(node) for node in nodes]
    barrier.wait(_LONGEST_FILL_S)
    began, before_s = time.monotonic(), time.process_time()
    for one in running:
        one.start()
    _wait(running, until_s=began + share.plan.seconds + share.plan.patience_s)
    ended, used_s = time.monotonic(), time.process_time() - before_s
    for one in running:
        one.stop()
    reports = tuple(one.finish() for one in running)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return ShareReport(reports, filled, began, ended, used_s, peak)


def _wait(running: Sequence[Running], *, until_s: float) -> None:
    open_ones = list(running)
    while open_ones and time.monotonic() < until_s:
        time.sleep(_LOOK_EVERY_S)
        open_ones = [one for one in open_ones if not one.is_done()]


def _in_processes(shares: Sequence[Share]) -> tuple[ShareReport, ...]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(shares))
    started = []
    try:
        for share in shares:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(share, barrier, theirs), daemon=True)
            process.start()
            theirs.close()
            started.append((process, ours))
        return tuple(_report_of(ours) for _, ours in started)
    finally:
        for process, ours in started:
            ours.close()
            process.terminate()
            process.join()


def _report_of(connection: Connection) -> ShareReport:
    try:
        told: object = connection.recv()
    except EOFError:
        raise EdgeError("a process of the simulation ended without a report; is there enough memory?") from None
    if not isinstance(told, ShareReport):
        raise EdgeError(str(told))
    return told


def _work(share: Share, barrier: Barrier, connection: Connection) -> None:
    """What each process does. What goes wrong is told to the one that asked."""
    logging.getLogger("lintel").setLevel(logging.CRITICAL)
    told: ShareReport | str
    try:
        told = run_share(share, barrier)
    except KeyboardInterrupt:
        return
    except Exception as error:  # noqa: BLE001 (the top of a process)
        barrier.abort()
        told = f"a simulated node could not be prepared: {type(error).__name__}: {error}"
    connection.send(told)
