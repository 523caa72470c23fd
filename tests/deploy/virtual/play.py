"""Runs `deploy/ansible/edge.yml` as an operator does, with an inventory made for one virtual host."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.deploy.virtual.machine import PROJECT

ANSIBLE: Final = PROJECT / ".venv-deploy" / "bin"
PLAY: Final = PROJECT / "deploy" / "ansible"
HOST: Final = "virtual"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `ansible-playbook` said."""

    code: int
    output: str

    @property
    def recap(self) -> str:
        """The line that counts, for the one host."""
        return next((line for line in reversed(self.output.splitlines()) if re.match(rf"{HOST}\s+: ok=", line)), "")

    @property
    def changed(self) -> int:
        found = re.search(r"changed=(\d+)", self.recap)
        return int(found[1]) if found else -1

    @property
    def reason(self) -> str:
        """The sentence of the task that failed."""
        found = re.search(r'"?msg"?: (?:[>|]-?\s+)?(.+?)(?:\n\S|\n\s*\w+:|\Z)', self.output.rpartition("FAILED!")[2], re.DOTALL)
        return " ".join(found[1].split()).strip("'\"") if found else ""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with the play, an SSH key and the variables of a host."""

    folder: Path
    variables: Mapping[str, object] = field(default_factory=dict)

    def plays(self, *options: str, **variables: object) -> Outcome:
        """Over SSH into the booted host."""
        reached = {
            "ansible_host": "127.0.0.1",
            "ansible_user": "root",
            "ansible_become": False,
            "ansible_ssh_private_key_file": str(self._key),
            "ansible_ssh_common_args": f"-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile={self.folder / 'known_hosts'}",
        }
        return self._run(reached | dict(self.variables) | variables, options)

    def plays_into_folder(self, root: Path, *options: str) -> Outcome:
        """Into a root file system that is not running."""
        reached = {"ansible_host": str(root), "ansible_connection": "rootfs", "ansible_become": False}
        return self._run(reached | dict(self.variables), options)

    def may_enter(self, root: Path) -> None:
        """Make a key and let it into the host."""
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)], check=True)
        home = root / "root" / ".ssh"
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "authorized_keys").write_text(self._key.with_suffix(".pub").read_text())

    @property
    def _key(self) -> Path:
        return self.folder / "key"

    def _run(self, variables: Mapping[str, object], options: tuple[str, ...]) -> Outcome:
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"lintel_edge": {"hosts": {HOST: dict(variables)}}}))
        environment = {
            **os.environ,
            "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).parent / "connection"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": f"{ANSIBLE}:{os.environ['PATH']}",
        }
        command = [str(ANSIBLE / "ansible-playbook"), "edge.yml", "--inventory", str(inventory), *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=PLAY, timeout=900)
        return Outcome(done.returncode, done.stdout + done.stderr)
