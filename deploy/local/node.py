"""The demo's one node: claimed once, then run on the chosen camera, its `recorded` lines collected."""

import json
import subprocess
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.local.api import Api
from deploy.local.data_folder import DataFolder
from deploy.local.errors import CAMERA, DemoError
from deploy.local.processes import Part, Program, fresh_log, run_to_end

SITE, DOOR, NODE = "Lintel demo", "Front door", "demo"
EXIT_CAMERA = 4
HUNG_SINCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Commands:
    """Where the console scripts are."""

    scripts: Path

    def __call__(self, name: str, *arguments: str) -> tuple[str, ...]:
        return (str(self.scripts / name), *arguments)


def time_zone(localtime: Path = Path("/etc/localtime")) -> str:
    """The name of this machine's time zone, UTC when it cannot be told."""
    _, found, name = str(localtime.resolve()).partition("/zoneinfo/")
    return name if found else "UTC"


def _named(api: Api, path: str, name: str) -> str | None:
    return next((str(item["id"]) for item in api.every(path) if item.get("name") == name), None)


def ensure_door(api: Api) -> str:
    """The id of the demo's door; its site and itself are made at the first start."""
    door = _named(api, "doors", DOOR)
    if door is not None:
        return door
    site = _named(api, "sites", SITE) or str(api.post("sites", {"name": SITE, "time_zone": time_zone()})["id"])
    return str(api.post("doors", {"site": site, "name": DOOR, "direction": "both"})["id"])


def _hang_earlier(api: Api) -> None:
    """A clip that is replayed fast was filmed before now, so the node must have hung at the door by then."""
    own = {item["id"] for item in api.every("nodes", name=NODE)}
    since = (datetime.now(tz=UTC) - HUNG_SINCE).isoformat()
    for mount in [item for item in api.every("mounts") if item["node"] in own]:
        api.patch(f"mounts/{mount['id']}", {"valid_from": since})


class Node:
    """The node as child processes."""

    def __init__(self, folder: DataFolder, commands: Commands) -> None:
        self._folder = folder
        self._commands = commands
        self._recorded: list[str] = []
        self._reader: threading.Thread | None = None
        self.part: Part | None = None

    def claim(self, api: Api) -> bool:
        """Make it a node of the demo's door. True when it was none before."""
        if (self._folder.node / "identity" / "identity.json").exists():
            return False
        claim = api.post("node-claims", {"door": ensure_door(api), "name": NODE})
        arguments = ("--server", api.address, "--token", str(claim["token"]), "--config", str(self._folder.node_config))
        self._run("claim", *arguments)
        _hang_earlier(api)
        return True

    def fetch_gallery(self) -> None:
        """One contact with the server before the camera starts: the gallery is current from the first frame on."""
        self._run("courier", "--once", "--config", str(self._folder.node_config))

    def start(self, *, until_the_clip_ends: bool) -> Part:
        """Start capture and courier."""
        arguments = ("run", "--config", str(self._folder.node_config), *(("--once",) if until_the_clip_ends else ()))
        program = Program("node", self._commands("lintel-edge", *arguments), fresh_log(self._folder.logs / "node.log"))
        self.part = Part.start(program, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=(self.part,), daemon=True)
        self._reader.start()
        return self.part

    def recorded(self) -> tuple[str, ...]:
        """Ids of the sightings this start has made durable so far."""
        return tuple(self._recorded)

    def finished(self) -> bool:
        """Whether the clip has ended and everything was sent. A node that failed is an error in the node's own words."""
        if self.part is None or self.part.running:
            return False
        if self._reader is not None:
            self._reader.join(10)
        code = self.part.process.returncode
        if code == 0:
            return True
        words = own_words(self.part.program.log)
        raise DemoError(words or self.part.why(f"the node ended (exit code {code})"), CAMERA if code == EXIT_CAMERA else 1)

    def _read(self, part: Part) -> None:
        for line in part.process.stdout or ():
            try:
                self._recorded.append(str(json.loads(line)["recorded"]))
            except (ValueError, KeyError, TypeError):
                continue  # the log shows what it was

    def _run(self, name: str, *arguments: str) -> str:
        log = fresh_log(self._folder.logs / f"node-{name}.log")
        try:
            return run_to_end(Program(f"lintel-edge {name}", self._commands("lintel-edge", name, *arguments), log), within_seconds=60)
        except DemoError as error:
            raise DemoError(own_words(log) or str(error)) from error


def own_words(log: Path) -> str | None:
    """The one-line message a node ends with, and where the rest is."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    last = next((line for line in reversed(lines) if line.startswith("lintel-edge:")), None)
    return None if last is None else f"{last.removeprefix('lintel-edge:').strip()}\n  the whole log: {log}"
