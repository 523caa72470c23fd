"""`lintel-server`: init, serve, worker, and every Django management command."""

import contextlib
import io
import json
import os
import socket
import sys
from pathlib import Path

from server.config.configuration import ConfigurationError, ServerConfig, config_path, load
from server.core import secrets
from server.core.secrets import SecretsError

USAGE_ERROR, PORT_TAKEN = 2, 3
USAGE = """usage: lintel-server COMMAND

  init           make the secrets, the tables and the static files; safe to repeat
  serve          answer HTTP at the configured address
  worker         derive attendance and do the other background work
  reembed        embed every sample with the configured model in the foreground: [--json] [--retry]
  forget_model   remove what a model made that nobody uses any more: MODEL_ID
  second_look    compare past sightings with the gallery of now: [--since DATE] [--json]
  rebuild        derive all attendance anew: [--site NAME] [--from DATE] [--to DATE] [--workers N] [--resume] [--json]
  export_attendance  write attendance into the object storage now: [--from DATE --to DATE] [--json]
  seed_demo      lay a made-up history, to look around in: [--people N] [--days N] [--seed N] [--force] [--json]
  create_admin   make an account that may do everything: --username NAME [--json]
  check, migrate, shell, … every management command of Django

The configuration is read from /etc/lintel/server.toml or from the file named by LINTEL_SERVER_CONFIG."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(USAGE, file=sys.stderr if not arguments else sys.stdout)
        return USAGE_ERROR if not arguments else 0
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "server.config.settings")
    try:
        return _run(arguments, load())
    except (ConfigurationError, SecretsError) as error:
        return _fail(str(error), USAGE_ERROR)


def _run(arguments: list[str], config: ServerConfig) -> int:
    command, rest = arguments[0], arguments[1:]
    if command == "init":
        return _init(config, rest)
    if secrets.read(config.data) is None:
        return _fail("this installation has no secrets yet: run `lintel-server init` first", USAGE_ERROR)
    if command == "serve":
        return _serve(config, rest)
    return _work(config, rest) if command == "worker" else _manage(arguments)


def _fail(message: str, code: int) -> int:
    print(f"lintel-server: {message}", file=sys.stderr)
    return code


def _init(config: ServerConfig, rest: list[str]) -> int:
    if rest:
        return _fail("init takes no arguments", USAGE_ERROR)
    try:
        made = secrets.create_if_absent(config.data)
    except OSError as error:
        return _fail(f"cannot write the secrets into {config.data}: {error.strerror}; make it a folder of this account or change `data`", 1)
    for command in (["check", "--database", "default"], ["migrate", "--no-input"], ["collectstatic", "--no-input"], ["ensure_schedules"]):
        with contextlib.redirect_stdout(io.StringIO()):
            code = _manage([*command, "--verbosity", "0"])
        if code:
            return code
    print(json.dumps({"initialised": str(config_path()), "secrets": "made" if made else "kept"}))
    return 0


def _manage(arguments: list[str]) -> int:
    from django.core.management import ManagementUtility  # noqa: PLC0415  (after the settings are known)
    from django.db import OperationalError, ProgrammingError  # noqa: PLC0415

    from server.config.readiness import database_unreachable, database_unusable  # noqa: PLC0415

    try:
        ManagementUtility(["lintel-server", *arguments]).execute()
    except OperationalError as error:
        return _fail(database_unreachable(error), 1)
    except ProgrammingError as error:
        return _fail(database_unusable(error), 1)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _work(config: ServerConfig, rest: list[str]) -> int:
    from server.config.readiness import why_not_ready  # noqa: PLC0415

    lacking = why_not_ready(config)
    return _fail(lacking.sentence, 1) if lacking else _manage(["qcluster", *rest])


def _serve(config: ServerConfig, rest: list[str]) -> int:  # noqa: RET503  (execv does not return)
    if rest:
        return _fail("serve takes no arguments; the address is `bind` in the configuration", USAGE_ERROR)
    if reason := _cannot_bind(config.bind):
        return _fail(reason, PORT_TAKEN)
    from server.config.readiness import Lack, why_not_ready  # noqa: PLC0415

    if lacking := why_not_ready(config):
        if lacking.lack is not Lack.DATABASE:
            return _fail(lacking.sentence, 1)
        print(f"lintel-server: {lacking.sentence}; until then every request is answered with 503", file=sys.stderr, flush=True)
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    options = {
        "--bind": config.bind,
        "--worker-class": "gthread",
        "--workers": str(config.workers),
        "--threads": str(config.threads),
        "--timeout": "60",
        "--graceful-timeout": "20",
        "--keep-alive": "5",
        "--max-requests": "20000",
        "--max-requests-jitter": "2000",
        "--log-level": "warning",
        "--limit-request-line": "4094",
        "--worker-tmp-dir": "/dev/shm" if Path("/dev/shm").is_dir() else "",  # noqa: S108  (gunicorn's heartbeat file, not data)
    }
    flat = [text for name, value in options.items() if value for text in (name, value)]
    sys.stdout.flush()
    os.execv(gunicorn, [gunicorn, *flat, "server.config.wsgi:application"])  # noqa: S606


def _cannot_bind(address: str) -> str | None:
    """Why the address cannot be listened on; None when it can."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OverflowError:
            return f"{address} has no valid port"
        except OSError as error:
            return f"cannot listen on {address}: {error.strerror}; stop what is using it or change `bind` in {config_path()}"
    return None


if __name__ == "__main__":
    sys.exit(main())
