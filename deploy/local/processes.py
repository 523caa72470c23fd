"""The demo's child processes: start, wait until they answer, stop in order, leave nothing behind.

Every part is a session of its own, so Ctrl-C in the terminal reaches the demo alone, and the demo stops the parts in the right order.
Should the demo itself be killed, the kernel sends each part its stop signal.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from deploy.local.errors import DemoError

PR_SET_PDEATHSIG = 1
LOG_TAIL_LINES = 8
POLL_SECONDS = 0.1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `account` is the (uid, gid) to run as, None for one's own."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    account: tuple[int, int] | None = None


def leash(parent: int, stop_signal: int) -> Callable[[], None]:
    """What a child does before it becomes its program: ask the kernel for `stop_signal` when the parent dies."""

    def hold() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died while we were being born
            os._exit(1)

    return hold


class Part:
    """A running program. Its standard error goes to its log; its standard output too unless it is wanted as a pipe."""

    def __init__(self, program: Program, process: subprocess.Popen[str]) -> None:
        self.program = program
        self.process = process

    @classmethod
    def start(cls, program: Program, *, stdout: int | None = None) -> Self:
        """Start it from the main thread: the leash is tied to the thread that holds it."""
        uid, gid = program.account or (None, None)
        with program.log.open("a", encoding="utf-8") as log:
            try:
                process = subprocess.Popen(
                    program.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log if stdout is None else stdout,
                    stderr=log,
                    text=True,
                    cwd="/",
                    env={**os.environ, **program.environment},
                    start_new_session=True,
                    preexec_fn=leash(os.getpid(), program.stop_signal),  # noqa: PLW1509  (started from the main thread)
                    user=uid,
                    group=gid,
                    extra_groups=None if gid is None else (),
                )
            except OSError as error:
                raise DemoError(f"cannot start {program.command[0]}: {error.strerror}") from error
        return cls(program, process)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, within_seconds: float) -> None:
        """Return as soon as `ready()`; a part that ends or takes too long is an error that shows the end of its log."""
        deadline = time.monotonic() + within_seconds
        while not ready():
            if not self.running:
                raise DemoError(self.why(f"the {self.program.name} ended at once (exit code {self.process.returncode})"))
            if time.monotonic() > deadline:
                raise DemoError(self.why(f"the {self.program.name} was not ready within {within_seconds:.0f} s"))
            time.sleep(POLL_SECONDS)

    def why(self, sentence: str) -> str:
        """The sentence, the last lines of the log and where the rest is."""
        return describe(sentence, self.program.log)

    def stop(self, *, within_seconds: float = 15.0) -> None:
        """Ask it to stop, wait, and only then kill what is left of its session."""
        if self.running:
            self.process.send_signal(self.program.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(within_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def describe(sentence: str, log: Path) -> str:
    """A failure in words: the sentence, the last lines of the log and its path."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
    except OSError:
        lines = []
    return "\n".join([f"{sentence}:", *(f"    {line[:300]}" for line in lines), f"  the whole log: {log}"])


def run_to_end(program: Program, *, within_seconds: float) -> str:
    """Run a short command and return its standard output; a failure shows the end of its log."""
    part = Part.start(program, stdout=subprocess.PIPE)
    try:
        output, _ = part.process.communicate(timeout=within_seconds)
    except subprocess.TimeoutExpired:
        raise DemoError(part.why(f"{program.name} did not finish within {within_seconds:.0f} s")) from None
    finally:
        part.stop(within_seconds=2)
    if part.process.returncode != 0:
        raise DemoError(part.why(f"{program.name} failed (exit code {part.process.returncode})"))
    return output


def fresh_log(path: Path) -> Path:
    """An empty log; what the previous start wrote is kept beside it."""
    if path.exists():
        path.replace(path.with_suffix(".previous.log"))
    path.touch(mode=0o600)
    return path
