"""`lintel-edge`: the node's command line. Standard output has answers and recorded lines, standard error all the rest."""

# ruff: noqa: PLC0415 (the courier must not load what only capture needs)

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from edge_client.clock import SystemClock
from edge_client.config import NodeConfig
from edge_client.errors import EdgeError
from edge_client.reporting import start_reporting
from shared_schema.ids import Epoch, Seq

_CONFIG = Path("/etc/lintel/edge.toml")
Command = Callable[[argparse.Namespace], int]
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (it has no public name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors become one line and an exit code."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except EdgeError as error:
        return _complain(str(error), error.exit_code)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _complain(f"{error.strerror or error}{where}; check `state` in the configuration, its rights and the room on the disk", 1)
    except KeyboardInterrupt:
        return 130


def _complain(sentence: str, exit_code: int) -> int:
    print(f"lintel-edge: {' '.join(sentence.split())}", file=sys.stderr)
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lintel-edge", description="Lintel's node: watches a door, records who passes, delivers every record."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    claim = _add(commands, "claim", _claim, "claim this node with a token from the server; safe to repeat after a lost answer")
    claim.add_argument("--server", required=True, metavar="URL", help="the server, for example https://lintel.example.org")
    claim.add_argument("--token", required=True, help="the one-time claim token; it is bound to a door and expires soon")
    claim.add_argument("--new-key", action="store_true", help="sign with a new key from now on; for a card that was in other hands")
    run = _add(commands, "run", _run, "run the node: capture and courier, restarted when they fail")
    run.add_argument("--once", action="store_true", help="end when the source has ended and everything is delivered")
    _add(commands, "capture", _capture, "camera → outbox alone (part of run)")
    courier = _add(commands, "courier", _courier, "outbox → server alone (part of run)")
    courier.add_argument("--once", action="store_true", help="end when nothing is left to send")
    _add_outbox(commands)
    _add_preview(commands)
    _add_simulate(commands)
    doctor = _add(commands, "doctor", _doctor, "check the node and say what to do")
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.add_argument("--only", action="append", default=[], metavar="CHECK", help="this check alone; may be given several times")
    return parser


def _add(commands: _Commands, name: str, command: Command, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--config", type=Path, default=_CONFIG, metavar="FILE", help="the node's configuration (default: %(default)s)")
    parser.set_defaults(command=command)
    return parser


def _add_preview(commands: _Commands) -> None:
    preview = _add(commands, "preview", _preview, "show what the camera sees and say how well it is mounted, for a while")
    preview.add_argument("--minutes", type=float, default=10.0, help="for how long (default: %(default)g)")
    preview.add_argument(
        "--distance", type=float, default=2.0, metavar="METRES", help="from the camera to people's faces (default: %(default)g)"
    )


def _add_outbox(commands: _Commands) -> None:
    outbox = commands.add_parser("outbox", help="look into the outbox", description="Look into the outbox and send again what is parked.")
    shows = outbox.add_subparsers(title="commands", required=True, metavar="COMMAND")
    status = _add(shows, "status", _outbox_status, "how much waits, is kept until archived, is parked")
    listing = _add(shows, "list", _outbox_list, "records and crops with their state")
    listing.add_argument("--parked", action="store_true", help="only what is parked")
    listing.add_argument("--limit", type=_at_least_one, metavar="N", help="at most so many records and so many crops, the oldest")
    export = _add(shows, "export", _outbox_export, "write what is parked as files, to look at or to send by hand")
    some = export.add_mutually_exclusive_group(required=True)
    some.add_argument("--parked", action="store_true", help="everything that is parked")
    some.add_argument("--record", type=_epoch_and_seq, metavar="EPOCH/SEQ", help="one record and its crop")
    export.add_argument("folder", type=Path, metavar="DIR", help="where to; made if it is not there")
    for parser in (status, listing, export):
        parser.add_argument("--json", action="store_true", help="for programs")
    retry = _add(shows, "retry", _outbox_retry, "send again what the server refused, for example after it was updated")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="everything that is parked")
    which.add_argument("record", nargs="?", type=_epoch_and_seq, metavar="EPOCH/SEQ", help="one record and its crop, as `list` shows it")


def _add_simulate(commands: _Commands) -> None:
    from edge_client.commands.simulate_options import add_options

    parser = commands.add_parser("simulate", help="load a server with many simulated nodes")
    add_options(parser)
    parser.set_defaults(command=_simulate)


def _claim(options: argparse.Namespace) -> int:
    from edge_client.commands.claim import claim, share_out

    config = NodeConfig.load(options.config)
    identity = claim(config, server=options.server, token=options.token, new_key=options.new_key)
    print(f"claimed as node {identity.node} at {identity.door_name}")
    shared = share_out(config)
    if shared:
        print(shared)
    if options.new_key:
        print("start the node again, so that it signs with the new key")
    return 0


def _run(options: argparse.Namespace) -> int:
    from edge_client import supervisor
    from edge_client.first_contact import FirstContact
    from edge_client.identity import IdentityFolder, KeyFolder

    config = NodeConfig.load(options.config)
    IdentityFolder(config.state).load()
    KeyFolder(config.state).signer()
    FirstContact(config.run_folder).forget()
    start_reporting()
    return supervisor.run(options.config, once=options.once)


def _capture(options: argparse.Namespace) -> int:
    from edge_client import capture

    start_reporting()
    capture.run(NodeConfig.load(options.config))
    return 0


def _courier(options: argparse.Namespace) -> int:
    from edge_client.courier import Surroundings, build
    from edge_client.notify import Notifier

    start_reporting()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    courier = build(NodeConfig.load(options.config), Surroundings(clock=SystemClock(), wait=stop.wait, notifier=Notifier.of()))
    try:
        courier.run(once=options.once)
    finally:
        courier.close()
    return 0


def _preview(options: argparse.Namespace) -> int:
    from edge_client.commands.preview import Wish, preview

    if not (0 < options.minutes <= 24 * 60 and 0 < options.distance <= 50):
        raise EdgeError("--minutes is at most 1440 and --distance at most 50 metres, both above 0")
    preview(NodeConfig.load(options.config), Wish(options.minutes, options.distance), say=lambda line: print(line, flush=True))
    return 0


def _outbox_status(options: argparse.Namespace) -> int:
    from edge_client.commands import outbox

    print(outbox.status(NodeConfig.load(options.config), as_json=options.json))
    return 0


def _outbox_list(options: argparse.Namespace) -> int:
    from edge_client.commands import outbox

    print(outbox.listing(NodeConfig.load(options.config), parked=options.parked, limit=options.limit, as_json=options.json))
    return 0


def _outbox_export(options: argparse.Namespace) -> int:
    from edge_client.commands import outbox

    print(outbox.export(NodeConfig.load(options.config), target=options.folder, only=options.record, as_json=options.json))
    return 0


def _outbox_retry(options: argparse.Namespace) -> int:
    from edge_client.commands import outbox

    print(outbox.retry(NodeConfig.load(options.config), only=options.record))
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from edge_client.commands import simulate

    return simulate.run(options)


def _at_least_one(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _epoch_and_seq(text: str) -> tuple[Epoch, Seq]:
    epoch, _, seq = text.partition("/")
    if not (epoch.isdecimal() and seq.isdecimal() and len(text) < 32):
        raise argparse.ArgumentTypeError(f"{text!r} is no EPOCH/SEQ such as 1/42")
    return Epoch(int(epoch)), Seq(int(seq))


def _doctor(options: argparse.Namespace) -> int:
    from edge_client import doctor

    wrong = [name for name in options.only if name not in doctor.CHECKS]
    if wrong:
        raise EdgeError(f"there is no check {wrong[0]!r}; choose among {', '.join(doctor.CHECKS)}")
    return doctor.run(options.config, only=options.only, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
