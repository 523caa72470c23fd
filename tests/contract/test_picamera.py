"""The adapter against the true signatures of picamera2, which cannot be imported off a Pi without its native parts."""

import hashlib
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "picamera.txt"
SCRIPT = Path(__file__).with_name("picamera_signatures.py")
INSTALL_WITHIN_S = 300


@pytest.fixture(scope="module")
def python() -> Path:
    """An interpreter that has the real package and what the adapter needs; kept until the requirements change."""
    name = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"picamera-{sys.version_info[0]}.{sys.version_info[1]}-{name}"
    interpreter, finished = folder / "bin" / "python", folder / "installed"
    if not finished.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        command = [str(interpreter), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            pytest.skip(f"picamera2 cannot be installed here ({reason}); it needs `apt install libcap-dev` and a compiler")
        finished.touch()
    return interpreter


@pytest.mark.slow
def test_every_call_of_the_adapter_fits_the_real_picamera2(python: Path) -> None:
    done = subprocess.run([str(python), str(SCRIPT), sysconfig.get_path("purelib")], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "every call fits",
        "the control fails: got an unexpected keyword argument 'bogus'",
        "a captured request gives main, a timestamp, and is released",
    ]
