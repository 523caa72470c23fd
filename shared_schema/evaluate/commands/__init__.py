"""The commands of `lintel-face`, one module each: its arguments and what it calls. A module's `register` adds it to its parser."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

Report = dict[str, object]
Command = Callable[[argparse.Namespace], Report | str]
if TYPE_CHECKING:
    Kinds = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 (argparse names the type no other way)


def command(parser: argparse.ArgumentParser, run: Command) -> argparse.ArgumentParser:
    """`run` answers for this parser; it gets --json and --models."""
    parser.set_defaults(command=run)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--models", type=Path, metavar="DIR", help="another model set")
    return parser
