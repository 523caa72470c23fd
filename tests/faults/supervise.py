"""Starting and ending the programs of a fault run, so that none is left behind."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from tests.faults.shim import ROOT, WatchedDisk, plain_environment

PATIENCE_S = 90.0
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """The kernel ends this process when its parent ends, however that does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Jobs:
    """A loaded node on a watched disk that forks a child for every job."""

    process: "subprocess.Popen[bytes]"
    replies: int
    ended: dict[int, int] = field(default_factory=dict)
    _unread: bytes = b""

    @classmethod
    def start(cls, disk: WatchedDisk, *, output: int | IO[bytes], journalled: bool = False) -> Self:
        """`output` gets what the children print."""
        reading, writing = os.pipe()
        with (disk.card.parent / "errors").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.jobs", str(writing)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                cwd=ROOT,
                env=disk.environment(journalled=journalled),
                pass_fds=(writing,),
            )
        os.close(writing)
        return cls(process, reading)

    def begin(self, job: str, **request: Any) -> int:
        """Start a job; its pid."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"job": job, **request}).encode() + b"\n")
        self.process.stdin.flush()
        while True:
            told = self._reply(time.monotonic() + PATIENCE_S)
            if "started" in told:
                return told["started"]

    def wait(self, pid: int, *, within_s: float = PATIENCE_S) -> int:
        """Its return code; minus the number of the signal that ended it. Raises TimeoutError when it goes on."""
        until = time.monotonic() + within_s
        while pid not in self.ended:
            self._reply(until)
        return self.ended.pop(pid)

    def run(self, job: str, **request: Any) -> int:
        return self.wait(self.begin(job, **request))

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)
        os.close(self.replies)

    def _reply(self, until: float) -> dict[str, int]:
        while b"\n" not in self._unread:
            if not select.select([self.replies], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError
            read = os.read(self.replies, 65536)
            assert read, "the loaded node died"
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        told: dict[str, int] = json.loads(line)
        if "ended" in told:
            self.ended[told["ended"]] = told["code"]
        return told


@dataclass(frozen=True, slots=True)
class ArchiveProcess:
    """`tests.faults.archive` as a process of its own."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    @classmethod
    def start(cls, log: Path, *, disk: WatchedDisk | None = None) -> Self:
        """With `disk`, what it says is journalled there."""
        environment = disk.environment(journalled=True) if disk else dict(plain_environment())
        command = [sys.executable, "-m", "tests.faults.archive", str(log)]
        log.touch()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment)
        until = time.monotonic() + PATIENCE_S
        while not log.read_bytes().endswith(b"\n"):
            assert process.poll() is None, "the server did not start"
            assert time.monotonic() < until, "the server did not start in time"
            time.sleep(0.01)
        return cls(process, str(json.loads(log.read_text(encoding="utf-8"))["url"]), log)

    def lines(self) -> list[str]:
        """Its log so far; a line that is being written is left out."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]

    def close(self) -> None:
        self.process.communicate(timeout=60)
