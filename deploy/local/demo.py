"""All of Lintel on this machine, from start to stop. Read `run` first."""

import json
import signal
import socket
import sys
import sysconfig
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy.local import walk
from deploy.local.api import Api, UnreachableError
from deploy.local.configuration import Camera, write_node_config, write_server_config
from deploy.local.data_folder import DataFolder, DataLock, read_json, write_whole
from deploy.local.errors import INTERRUPTED, PORT_TAKEN, DemoError
from deploy.local.node import Commands, Node
from deploy.local.people import Enrolment, built_in_people, people_in
from deploy.local.postgres import Postgres, find_place
from deploy.local.processes import Part, Program, fresh_log, run_to_end
from deploy.local.report import Reporter, Summary, line_for

ADMIN = "admin"
STARTED_AGAIN = ("server", "worker")
MOST_RESTARTS = 5
LIVE_POLL_SECONDS = 0.5
HISTORY_SECONDS = 1800
"""Minutes are enough anywhere; a slow card may take longer."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. `camera` and `people` are None for the built-in ones."""

    data: Path
    port: int
    camera: Camera | None
    people: Path | None
    once: bool
    history: bool = False
    """Whether a made-up past is laid beside what the camera sees."""


def say(line: str = "") -> None:
    """To the person at the terminal. Standard error, so that standard output ends with the result alone."""
    print(line, file=sys.stderr, flush=True)


def check_port(port: int) -> None:
    """A taken port is found before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(
                f"port {port} cannot be used ({error.strerror}): choose another one, e.g. make demo PORT={port + 1}", PORT_TAKEN
            ) from error


class Demo:
    """The parts, started in order and stopped in reverse."""

    def __init__(self, options: Options, folder: DataFolder, stack: ExitStack) -> None:
        self._options = options
        self._folder = folder
        self._stack = stack
        self._commands = Commands(Path(sysconfig.get_path("scripts")))
        self._started_at = datetime.now(tz=UTC)
        self._parts: list[Part] = []
        self._restarts = 0
        self.api = Api(f"http://127.0.0.1:{options.port}")
        self.node = Node(folder, self._commands)

    def start_server(self) -> None:
        """PostgreSQL, server and worker."""
        say("Starting PostgreSQL, server and worker …")
        postgres = Postgres(find_place(self._folder), self._folder.logs / "postgres.log")
        self._stack.callback(postgres.stop)
        self._parts = [postgres.start()]
        write_server_config(self._folder, port=self._options.port, database_host=postgres.host)
        run_to_end(self._server("init", log="init"), within_seconds=180)
        self._log_in_details()
        if self._options.history:
            self._lay_history()
        # SIGINT: without waiting for browsers that keep a connection open
        self._parts.append(self._start(replace(self._server("serve", log="server"), stop_signal=signal.SIGINT)))
        self._parts.append(self._start(self._server("worker", log="worker")))
        details = self._log_in_details()
        self.api.log_in(details["username"], details["password"])
        say(f"  {self.api.address}   user: {details['username']}   password: {details['password']}")

    def _lay_history(self) -> None:
        """A past of people who do not exist, once; before the worker starts, which would derive every step of it."""
        say("Laying a made-up history of 200 people and 60 days, if it is not there yet: this takes minutes …")
        output = run_to_end(self._server("seed_demo", "--force", "--json", log="history"), within_seconds=HISTORY_SECONDS)
        laid = json.loads(output.strip().splitlines()[-1])
        say(f"  {laid['sightings']} passes, {laid['attendance']} records of attendance" if laid["laid"] else "  it is there already")

    def enrol(self) -> None:
        """The people of the folder, or the built-in ones; those who are enrolled already stay so."""
        say("Enrolling people …")
        people = built_in_people() if self._options.people is None else people_in(self._options.people, say)
        Enrolment(self.api, self._folder.enrolled, say).enrol(people)

    def start_node(self) -> Camera:
        """Claim the node if it is new, give it its camera and start it."""
        camera = self._camera()
        write_node_config(self._folder, server=self.api.address, camera=camera)
        if self.node.claim(self.api):
            say("  a new node was claimed for the door")
        self.node.fetch_gallery()
        say("Replaying through the node …" if camera.ends else "The node is looking through the camera …")
        part = self.node.start(until_the_clip_ends=camera.ends)
        self._stack.callback(part.stop)
        return camera

    def follow(self, camera: Camera) -> Summary | None:
        """Show sightings as they come. Returns the summary once a clip has ended and everything has arrived."""
        reporter = Reporter(self.api, started_at=self._started_at, tell=lambda seen: say(line_for(seen)))
        while not self.node.finished():
            self.check_parts()
            with suppress(UnreachableError):  # the next check starts it again
                reporter.look(self.node.recorded())
            time.sleep(LIVE_POLL_SECONDS)
        return reporter.summary(self.node.recorded()) if camera.ends else None

    def check_parts(self) -> None:
        """Server and worker are started again when they ended by themselves, as systemd would do it; the rest ends the demo."""
        for index, part in enumerate(self._parts):
            if not part.running:
                self._parts[index] = self._start_again(part)

    def _start_again(self, part: Part) -> Part:
        name, self._restarts = part.program.name, self._restarts + 1
        sentence = f"the {name} ended (exit code {part.process.returncode})"
        if name not in STARTED_AGAIN or self._restarts > MOST_RESTARTS:
            raise DemoError(part.why(sentence))
        say(f"{sentence[0].upper()}{sentence[1:]} and is started again; the node keeps what it sees meanwhile.")
        part.stop()  # whatever it left behind holds the port
        return self._start(part.program)

    def _camera(self) -> Camera:
        if self._options.camera is not None:
            return self._options.camera
        if not self._folder.clip.exists():
            say("Building the clip of two people walking through a door …")
            walk.build(self._folder.clip)
        return Camera("replay", str(self._folder.clip), "fast" if self._options.once else "own")

    def _server(self, *arguments: str, log: str) -> Program:
        environment = {"LINTEL_SERVER_CONFIG": str(self._folder.server_config)}
        path = fresh_log(self._folder.logs / f"{log}.log")
        return Program(log, self._commands("lintel-server", *arguments), path, environment)

    def _start(self, program: Program) -> Part:
        part = Part.start(program)
        self._stack.callback(part.stop)
        if program.name == "server":
            part.wait_until(self.api.healthy, within_seconds=60)
        return part

    def _log_in_details(self) -> dict[str, str]:
        """The generated login: made at the first start, kept where only this account can read it."""
        kept = {key: str(value) for key, value in read_json(self._folder.login).items()}
        if kept.keys() >= {"username", "password"}:
            return kept
        output = run_to_end(self._server("create_admin", "--username", ADMIN, "--json", log="create-admin"), within_seconds=60)
        made = json.loads(output.strip().splitlines()[-1])
        details = {"username": str(made["username"]), "password": str(made["password"])}
        write_whole(self._folder.login, json.dumps(details))
        return details


def run(options: Options) -> int:
    """Start everything, replay or look, report; without `once`, stay until Ctrl-C. Returns the exit code."""
    folder = DataFolder.open(options.data)
    try:
        with DataLock(folder), ExitStack() as stack:
            check_port(options.port)
            try:
                demo = Demo(options, folder, stack)
                demo.start_server()
                demo.enrol()
                return _finish(demo, options, demo.follow(demo.start_node()))
            finally:
                _stopping()
    except KeyboardInterrupt:
        say("Stopped.")
        return INTERRUPTED if options.once else 0


def _finish(demo: Demo, options: Options, summary: Summary | None) -> int:
    if summary is not None:
        for line in summary.in_words():
            say(line)
    if options.once and summary is not None:
        print(summary.as_json(), flush=True)
        return 0
    say(f"Look at {demo.api.address} (Ctrl-C stops everything; the data stay in {options.data}).")
    while True:
        demo.check_parts()
        time.sleep(LIVE_POLL_SECONDS)


def _stopping() -> None:
    """From here on a second Ctrl-C must not leave a part behind."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    say("Stopping …")
