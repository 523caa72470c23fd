"""An installation of the server beside the test run's own: its configuration, its cluster, `lintel-server` as a program."""

import json
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from deploy.local.postgres import ACCOUNT
from deploy.local.processes import Part, Program, run_to_end

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL of the given programs; data and socket are in `folder`."""

    folder: Path
    programs: Path
    account: tuple[int, int] | None

    def create(self) -> None:
        self.folder.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(self.folder, *self.account)
        options = ("--auth-local=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--username=postgres")
        run_to_end(self._program("initdb", *options, f"--pgdata={self.folder / 'data'}"), within_seconds=60)

    def start(self) -> Part:
        options = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40")
        part = Part.start(self._program("postgres", "-D", str(self.folder / "data"), "-k", str(self.folder), *options))
        part.wait_until(self._answers, within_seconds=30)
        return part

    def _program(self, name: str, *arguments: str) -> Program:
        return Program(name, (str(self.programs / name), *arguments), self.folder.with_suffix(".log"), account=self.account)

    def _answers(self) -> bool:
        try:
            psycopg2.connect(host=str(self.folder), user="postgres", dbname="postgres", connect_timeout=3).close()
        except psycopg2.OperationalError:
            return False
        return True


@dataclass(frozen=True)
class Installation:
    """The configuration in `folder` and the programs that read it."""

    folder: Path
    database_host: Path
    port: int = 8000

    def configure(self) -> None:
        lines = (
            f"data = {json.dumps(str(self.folder / 'server'))}",
            f'bind = "127.0.0.1:{self.port}"\nsecure_cookies = false\nworkers = 1',
            f'[database]\nname = "postgres"\nuser = "postgres"\nhost = {json.dumps(str(self.database_host))}',
            f'[objects]\nkind = "folder"\npath = {json.dumps(str(self.folder / "objects"))}',
        )
        (self.folder / "server.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, *arguments: str, module: str = "server") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", module, *arguments]
        environment = {**os.environ, **self._environment}
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=120, cwd=ROOT)

    def start(self, command: str) -> Part:
        log = self.folder / f"{command}.log"
        return Part.start(Program(command, (sys.executable, "-m", "server", command), log, self._environment))

    @property
    def _environment(self) -> dict[str, str]:
        return {"LINTEL_SERVER_CONFIG": str(self.folder / "server.toml"), "PYTHONPATH": str(ROOT)}


def account_for_postgres(*wanted: str) -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: then as the first of these accounts that exists. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    return next((known[name] for name in (*wanted, ACCOUNT) if name in known), None)
