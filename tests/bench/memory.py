"""Resident memory of the node's two processes while they replay a clip, each beside a bare interpreter."""

import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psutil
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy.local import walk
from edge_client.identity import Identity, IdentityFolder, KeyFolder
from edge_client.node_token import NodeToken, TokenFile
from shared_schema.ids import NodeId

MEGABYTE = 1024 * 1024
EVERY_SECONDS = 0.2
PROCESSES = ("capture", "courier")


def make_node(folder: Path) -> Path:
    """A claimed node whose server is out of reach, so that the courier has a queue to hold."""
    clip = folder / "walk.avi"
    walk.build(clip)
    KeyFolder(folder / "state").ensure()
    TokenFile(folder / "state").save(NodeToken(token="bench"))
    IdentityFolder(folder / "state").save(
        Identity(
            node=NodeId(UUID(int=1)),
            seal_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
            next_epoch=1,
            server="http://127.0.0.1:9",
            door_name="bench",
            site_time_zone="UTC",
        )
    )
    config = folder / "node.toml"
    config.write_text(f'state = "{folder / "state"}"\n[camera]\nkind = "replay"\nsource = "{clip}"\npace = "own"\n', encoding="utf-8")
    return config


def words(process: psutil.Process) -> list[str]:
    """Its command line; none when it has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def peaks_bytes(supervisor: psutil.Process) -> dict[str, int]:
    """The highest resident memory of each process until the clip has ended."""
    peaks = dict.fromkeys(("run", *PROCESSES), 0)
    seen_capture = False
    while True:
        running = {name: child for child in supervisor.children() for name in PROCESSES if name in words(child)}
        running["run"] = supervisor
        for name, process in running.items():
            with suppress(psutil.Error):
                peaks[name] = max(peaks[name], process.memory_info().rss)
        seen_capture = seen_capture or "capture" in running
        if seen_capture and "capture" not in running:
            return peaks
        time.sleep(EVERY_SECONDS)


def main() -> None:
    bare = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2)"])
    time.sleep(1)
    peer = psutil.Process(bare.pid).memory_info().rss
    bare.wait()
    with TemporaryDirectory(prefix="lintel-bench-") as folder:
        command = [f"{sysconfig.get_path('scripts')}/lintel-edge", "run", "--once", "--config", str(make_node(Path(folder)))]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            peaks = peaks_bytes(psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()
    for name, peak in peaks.items():
        print(f"{name:<10}{peak / MEGABYTE:8.0f} MB resident at most   {peak / peer:5.1f} × a bare interpreter")
    both = sum(peaks[name] for name in PROCESSES)
    print(f"{'together':<10}{both / MEGABYTE:8.0f} MB for capture and courier (bar: 300 MB)")


if __name__ == "__main__":
    main()
