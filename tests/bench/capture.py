"""What watching an empty corridor costs, and how soon after its start capture sees: each beside a bare OpenCV reader of the same clip."""

import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import psutil

from edge_client.clock import SystemClock
from edge_client.first_contact import FirstContact
from tests.bench.face_frames import SIZE, corridor
from tests.bench.memory import make_node

FRAMES_PER_SECOND = 5
CLIP_SECONDS = 4
WARM_UP_SECONDS = 3.0
MEASURED_SECONDS = 15.0
STARTS = 3
START_WITHIN_SECONDS = 60.0
READER = """
import sys, time
import cv2
cv2.setNumThreads(1)
shown = 0
while True:
    video = cv2.VideoCapture(sys.argv[1])
    while True:
        read, frame = video.read()
        if not read:
            break
        if not shown:
            print("first frame", flush=True)
        shown += 1
        time.sleep(1 / 5)
"""


def main() -> None:
    with TemporaryDirectory(prefix="lintel-bench-") as name:
        folder = Path(name)
        config, clip = _watching_nobody(folder)
        capture = [f"{sysconfig.get_path('scripts')}/lintel-edge", "capture", "--config", str(config)]
        reader = [sys.executable, "-c", READER, str(clip)]
        starts = sorted(_start_to_ready_s(capture, folder) for _ in range(STARTS))
        peer_starts = sorted(_start_to_first_line_s(reader) for _ in range(STARTS))
        busy, peer_busy = _share(capture), _share(reader)
    print(f"an empty corridor of {SIZE[0]}×{SIZE[1]}, {FRAMES_PER_SECOND} frames a second, {MEASURED_SECONDS:.0f} s:")
    print(f"  capture       {busy:6.1%} of one core")
    print(f"  bare reader   {peer_busy:6.1%} of one core, decoding alone; capture is {busy / peer_busy:.1f} ×")
    print(f"from start to first frame, middle of {STARTS}, models loaded and outbox opened:")
    print(f"  capture       {starts[STARTS // 2]:6.2f} s")
    times = starts[STARTS // 2] / peer_starts[STARTS // 2]
    print(f"  bare reader   {peer_starts[STARTS // 2]:6.2f} s, importing OpenCV and opening the clip; capture is {times:.1f} ×")


def _watching_nobody(folder: Path) -> tuple[Path, Path]:
    """A claimed node whose camera plays an empty corridor, as if its server had answered already."""
    config, clip = make_node(folder), folder / "corridor.avi"
    video = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), FRAMES_PER_SECOND, SIZE)
    for number in range(CLIP_SECONDS * FRAMES_PER_SECOND):
        video.write(corridor(number))
    video.release()
    state = folder / "state"
    config.write_text(f'state = "{state}"\n[camera]\nkind = "replay"\nsource = "{clip}"\nrepeat = true\n', encoding="utf-8")
    FirstContact(state / "run").note(SystemClock().boot_id)
    return config, clip


def _start_to_ready_s(command: list[str], folder: Path) -> float:
    """Until it tells systemd that it is ready, which is after its first look through the camera."""
    path = folder / "notify"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(path))
        told.settimeout(START_WITHIN_SECONDS)
        began = time.perf_counter()
        process = subprocess.Popen(command, env={"NOTIFY_SOCKET": str(path)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while told.recv(200) != b"READY=1":
                pass
            return time.perf_counter() - began
        finally:
            _end(process)


def _start_to_first_line_s(command: list[str]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - began
    finally:
        _end(process)


def _share(command: list[str]) -> float:
    """Processor time per time that passes, once it has settled; 1.0 is one core."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seen = psutil.Process(process.pid)
        time.sleep(WARM_UP_SECONDS)
        before, began = seen.cpu_times(), time.perf_counter()
        time.sleep(MEASURED_SECONDS)
        after = seen.cpu_times()
        return (after.user + after.system - before.user - before.system) / (time.perf_counter() - began)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.communicate()


if __name__ == "__main__":
    main()
