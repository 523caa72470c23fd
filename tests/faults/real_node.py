"""The node as it is installed, `lintel-edge run` before a clip of two walkers, on a watched disk."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from deploy.local import walk
from tests.faults.life import wait_until
from tests.faults.shim import ROOT, WatchedDisk
from tests.faults.supervise import ArchiveProcess, die_with_parent
from tests.faults.witness import Notes

_PATIENCE_S = 120.0


@dataclass
class RealNode:
    """Its processes, its witness, its server."""

    disk: WatchedDisk
    notes: Notes
    archive: ArchiveProcess
    config: Path
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    lives: int = field(default=0)

    @property
    def recorded(self) -> int:
        return self.notes.path.read_bytes().count(b"\n") if self.notes.path.exists() else 0

    def run(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "edge_client", *arguments, "--config", str(self.config)]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self.notes.input,
                stderr=log,
                cwd=ROOT,
                env=self.disk.environment(),
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (no threads here)
            )

    def claim(self) -> None:
        assert self.run("claim", "--server", self.archive.url, "--token", "t" * 20).wait(_PATIENCE_S) == 0

    def start(self) -> None:
        self.lives += 1
        self.process = self.run("run")

    def kill(self) -> None:
        """Supervisor, capture and courier at once."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE_S)

    def stop(self) -> None:
        assert self.process
        self.process.terminate()
        assert self.process.wait(_PATIENCE_S) == 0

    def wait_for_sightings(self, count: int) -> float:
        """Until so many more were recorded; how long that took, in seconds."""
        wanted = self.recorded + count
        return wait_until(lambda: self.recorded >= wanted, _PATIENCE_S)

    def deliver_the_rest(self) -> None:
        """What a dead courier had leased is free again after a minute."""
        assert self.run("courier", "--once").wait(_PATIENCE_S * 2) == 0


def the_walk() -> Path:
    """The clip, made once for each text of what builds it."""
    path = ROOT / ".cache" / f"walk-{sha256(Path(walk.__file__).read_bytes()).hexdigest()[:16]}.avi"
    if not path.exists():
        made = path.with_name(f"{os.getpid()}-{path.name}")
        walk.build(made)
        made.replace(path)
    return path


@contextmanager
def real_node(folder: Path) -> Iterator[RealNode]:
    """A claimed node; its card lies below `folder`, its run folder and its witness outside of the card."""
    disk = WatchedDisk.at(folder)
    config = folder / "node.toml"
    lines = (
        f'state = "{disk.card / "state"}"\nrun = "{folder / "run"}"',
        f'[camera]\nkind = "replay"\nsource = "{the_walk()}"\npace = "fast"\nrepeat = true',
        "[outbox]\nmin_free_bytes = 0",
    )
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    archive = ArchiveProcess.start(folder / "archive")
    node = RealNode(disk, Notes.start(folder / "notes"), archive, config, folder / "log")
    try:
        node.claim()
        yield node
    except BaseException:
        sys.stderr.write(node.log.read_text(encoding="utf-8", errors="replace")[-4000:])
        raise
    finally:
        if node.process and node.process.poll() is None:
            node.kill()
        archive.close()
