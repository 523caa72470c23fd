"""The same work for many things, on two processes where there are two cores."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import cv2

Given = TypeVar("Given")
Made = TypeVar("Made")
_CHUNK = 4
"""So many are handed to a process at once; for fewer than two such portions no process is started."""


def mapped(prepare: Callable[[], Callable[[Given], Made]], given: Sequence[Given]) -> Iterator[Made]:
    """What the function that `prepare` makes, once per process, gives for each; in order. Stop asking and the rest is not done."""
    workers = min(2, len(os.sched_getaffinity(0)), len(given) // _CHUNK)
    if workers < 2:
        yield from map(prepare(), given)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _prepare, (prepare,)) as pool:
        yield from pool.imap(_work, given, _CHUNK)


_worker: list[Callable[[Any], Any]] = []
"""The function of this worker process."""


def _prepare(prepare: Callable[[], Callable[[Any], Any]]) -> None:
    cv2.setNumThreads(1)
    _worker[:] = [prepare()]


def _work(given: Any) -> Any:
    return _worker[0](given)
