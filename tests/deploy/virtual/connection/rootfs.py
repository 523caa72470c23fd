"""An Ansible connection into a root file system in which nothing runs yet: commands through chroot, files by copying.

`ansible_host` is the folder. For the steps that need package servers, which a virtual host in a network of its own cannot reach.
"""

import shutil
import subprocess
from pathlib import Path

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: rootfs
short_description: Chroot into a folder
description: [Runs what Ansible asks for in a root file system on this machine.]
options:
  remote_addr:
    description: The folder.
    default: inventory_hostname
    vars:
      - name: ansible_host
"""


class Connection(ConnectionBase):  # type: ignore[misc]
    transport = "rootfs"
    has_pipelining = True

    def _connect(self) -> "Connection":
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:  # noqa: FBT001, FBT002
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = subprocess.run(["chroot", str(self._root), "/bin/sh", "-c", cmd], input=in_data, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        shutil.copyfile(in_path, self._inside(out_path))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        shutil.copyfile(self._inside(in_path), out_path)

    def close(self) -> None:
        self._connected = False

    @property
    def _root(self) -> Path:
        return Path(self.get_option("remote_addr"))

    def _inside(self, path: str) -> Path:
        return self._root / path.lstrip("/")
