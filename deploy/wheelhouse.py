"""`python -m deploy.wheelhouse [--to FOLDER] [TARGET ...]`: everything a node installs, as wheels with pinned hashes, a folder per target.

Each folder has the wheels of `requirements/edge.txt` that fit the target, Lintel's own wheel, and a `requirements.txt` from which
`pip install --require-hashes --no-index --find-links FOLDER` installs them: the node needs no package index.
Lintel's own version carries a fingerprint of its files (`0.1.0+1f2e…`), so that another state of the code is another version.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import Marker

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements" / "edge.txt"
PACKAGES: Final = ("shared_schema", "edge_client", "server", "deploy")
PAPERS: Final = ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY_NOTICES.md")
_VERSION: Final = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)
_SINCE_1980: Final = "315532800"
"""A wheel is a zip file, whose times begin there; a fixed one makes the same wheel of the same files."""


class WheelhouseError(Exception):
    """The wheelhouse could not be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A machine and the Python of its system. `glibc`: the newest minor version whose wheels run there."""

    machine: str
    python: str
    glibc: int

    @property
    def name(self) -> str:
        """The folder's name, which the play makes of the host's facts."""
        minor = ".".join(self.python.split(".")[:2])
        return f"{self.machine}-py{minor}"

    def environment(self) -> dict[str, str]:
        """What a lock's markers are judged by."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.python,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": self.python,
            "python_version": ".".join(self.python.split(".")[:2]),
            "sys_platform": "linux",
        }

    def pip_options(self) -> Iterator[str]:
        """What makes pip choose for the target and not for this machine."""
        tag = "cp" + "".join(self.python.split(".")[:2])
        yield from ("--only-binary=:all:", "--implementation=cp", f"--abi={tag}", f"--python-version={self.python}")
        older = (f"manylinux_2_{minor}_{self.machine}" for minor in range(self.glibc, 4, -1))
        for platform in (*older, *(f"manylinux{year}_{self.machine}" for year in ("2014", "2010", "1")), f"linux_{self.machine}"):
            yield f"--platform={platform}"


TARGETS: Final = tuple(
    Target(machine, python, glibc)
    for machine in ("x86_64", "aarch64")
    for python, glibc in (("3.11.2", 36), ("3.13.5", 41))  # Debian 12 and 13
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the wheelhouse of every target that is asked for."""
    parser = argparse.ArgumentParser(prog="wheelhouse", description="Collect what a node installs, with hashes.")
    parser.add_argument("--to", type=Path, default=ROOT / ".cache" / "wheelhouse", metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"all of {', '.join(target.name for target in TARGETS)} by default")
    options = parser.parse_args(arguments)
    try:
        targets = _chosen(options.targets)
        options.to.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="lintel-wheel-") as folder:
            own = build_own(Path(folder))
            for target in targets:
                made = collect(target, own, options.to.resolve())
                sys.stdout.write(f"{made}: {len(list(made.glob('*.whl')))} wheels, {own.name}\n")
    except WheelhouseError as error:
        sys.stderr.write(f"wheelhouse: {error}\n")
        return 1
    return 0


def _chosen(names: Sequence[str]) -> tuple[Target, ...]:
    known = {target.name: target for target in TARGETS}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise WheelhouseError(f"{wrong[0]} is no target; choose among {', '.join(known)}")
    return tuple(known[name] for name in names) or TARGETS


def wanted(lock: str, target: Target) -> str:
    """The requirements of a lock that are for `target`, with their hashes and without the markers that said so."""
    kept = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        requirement, separator, hashes = entry.partition(" \\\n")
        name, _, marker = requirement.partition(" ; ")
        if not marker or Marker(marker).evaluate(target.environment()):
            kept.append(name + separator + hashes)
    return "\n".join(kept) + "\n"


def build_own(folder: Path) -> Path:
    """Lintel's own wheel, made from a copy of this project in `folder`."""
    copy, out = folder / "project", folder / "wheel"
    copy.mkdir()
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in PAPERS:
        shutil.copy2(ROOT / name, copy / name)
    project = copy / "pyproject.toml"
    project.write_text(_VERSION.sub(rf'version = "\1+{fingerprint(copy)}"', project.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    _pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={out}", str(copy), failure="Lintel's own wheel could not be built")
    return next(out.glob("lintel-*.whl"))


def fingerprint(folder: Path) -> str:
    """12 hex digits that change with any file's name or content."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return total.hexdigest()[:12]


def collect(target: Target, own: Path, to: Path) -> Path:
    """The target's folder below `to`, made beside the old one and put in its place when it is complete."""
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=to))
    try:
        _fill(unfinished, target, own)
        finished = to / target.name
        shutil.rmtree(finished, ignore_errors=True)
        unfinished.chmod(0o755)
        return unfinished.rename(finished)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fill(folder: Path, target: Target, own: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(wanted(LOCK.read_text(encoding="utf-8"), target), encoding="utf-8")
    download = ("download", "--no-deps", "--require-hashes", f"--dest={folder}", *target.pip_options(), f"--requirement={requirements}")
    _pip(*download, failure=f"not everything could be had for {target.name}")
    shutil.copy2(own, folder)
    version, digest = own.name.split("-")[1], hashlib.sha256(own.read_bytes()).hexdigest()
    with requirements.open("a", encoding="utf-8") as file:
        file.write(f"lintel=={version} \\\n    --hash=sha256:{digest}\n")


def _pip(*arguments: str, failure: str) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _SINCE_1980, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", "--quiet", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise WheelhouseError(f"{failure}: {' '.join(done.stderr.split())[-600:]}")


if __name__ == "__main__":
    sys.exit(main())
