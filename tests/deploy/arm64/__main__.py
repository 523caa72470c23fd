"""`make arm64`: the real aarch64 wheels under emulation give the golden embeddings, and the node's replay reaches a real server.

Optional: it needs root, Debian's `debootstrap` and `qemu-user-static`, and some ten minutes the first time. Everything stays in
`ROOT` (default `.cache/arm64`), which can be deleted. The server runs on this machine's own processor, the node in there.
"""

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import matplotlib as mpl
from skimage import data

from deploy.local.data_folder import DataFolder, DataLock
from deploy.local.demo import Demo, Options, check_port
from deploy.local.errors import DemoError
from deploy.local.node import Node
from tests.deploy.arm64.root import PROJECT, VENV, ArmError, CommandsThere, Root, own_mounts, require_emulation

LEAST_SIMILARITY = 0.999
MOST_LANDMARK_PX = 0.5
"""What `tests/shared_schema/face/test_pipeline.py` asks of every processor."""
EXPECTED = {"sightings": 2, "matched": {"Eileen Collins": 1}, "unknown": 1, "unsure": 0}


def write_portraits(folder: Path) -> list[str]:
    """The two public-domain portraits of the golden embeddings, without loss."""
    astronaut = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)  # type: ignore[no-untyped-call]
    officer = cv2.imread(str(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    paths = []
    for name, image in (("astronaut", astronaut), ("officer", officer)):
        cv2.imwrite(str(folder / f"{name}.png"), image)
        paths.append(str(folder / f"{name}.png"))
    return paths


def prove_golden(root: Root, folder: Path) -> None:
    """Raises ArmError when a face is seen otherwise than on the processor the numbers were made on."""
    for name in ("golden.json", "golden_there.py"):
        source = PROJECT / "tests" / ("shared_schema/face" if name.endswith("json") else "deploy/arm64") / name
        (folder / name).write_bytes(source.read_bytes())
    answer = root.run(f"{VENV}/bin/python", str(folder / "golden_there.py"), str(folder / "golden.json"), *write_portraits(folder))
    print(f"golden embeddings: {answer.strip()}", flush=True)
    found = json.loads(answer)
    if found["machine"] != "aarch64":
        raise ArmError(f"this ran on {found['machine']}, so it proves nothing")
    for name in ("astronaut", "officer"):
        if found[name]["similarity"] < LEAST_SIMILARITY or found[name]["landmarks_px"] > MOST_LANDMARK_PX:
            raise ArmError(f"{name} is seen otherwise on aarch64")


def prove_replay(root: Root, folder: Path, port: int) -> None:
    """The clip through the emulated node into the real server. Raises ArmError when the sightings are others."""
    options = Options(data=folder / "demo", port=port, camera=None, people=None, once=True)
    kept = DataFolder.open(options.data)
    with DataLock(kept), ExitStack() as stack:
        check_port(port)
        demo = Demo(options, kept, stack)
        demo.node = Node(kept, CommandsThere(root.folder))
        demo.start_server()
        demo.enrol()
        started = time.monotonic()
        summary = demo.follow(demo.start_node())
    if summary is None:
        raise ArmError("the clip did not end")
    print(f"replay, {time.monotonic() - started:.0f} s: {summary.as_json()}", flush=True)
    said = json.loads(summary.as_json())
    if {key: said[key] for key in EXPECTED} != EXPECTED:
        raise ArmError(f"expected {json.dumps(EXPECTED)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make arm64", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(".cache/arm64"), help="where the root file system is kept (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8064)
    options = parser.parse_args()
    try:
        require_emulation()
        own_mounts()
        root = Root(options.root.resolve())
        root.ensure()
        with TemporaryDirectory(prefix="lintel-arm64-") as name:
            folder = Path(name)
            root.show(folder)
            (folder / "wheels").mkdir()
            root.install(folder / "wheels")
            print(f"wheels: {', '.join(sorted(path.name for path in (folder / 'wheels').glob('*aarch64.whl')))}", flush=True)
            prove_golden(root, folder)
            prove_replay(root, folder, options.port)
    except (ArmError, DemoError) as error:
        print(f"arm64: {error}", file=sys.stderr)
        return 1
    print("aarch64: 2 golden embeddings hold, the replay is the one of x86-64")
    return 0


if __name__ == "__main__":
    sys.exit(main())
