"""What the node says on stderr: one JSON object per line, and states only when they change.

Never a name, an image or an embedding: callers pass numbers, codes and ids.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

Fact = str | int | float | bool | None


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Fact] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[1]:
            line["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        return json.dumps(line, default=str)


def start_reporting(stream: TextIO | None = None) -> None:
    """Send every log line of this process to stderr as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.ERROR)


class Reporter:
    """Says things for one part of the node."""

    def __init__(self, part: str) -> None:
        self._log = logging.getLogger(f"lintel.{part}")
        self._states: dict[str, str] = {}

    def say(self, message: str, **facts: Fact) -> None:
        self._log.info(message, extra={"facts": facts})

    def warn(self, message: str, **facts: Fact) -> None:
        self._log.warning(message, extra={"facts": facts})

    def state(self, name: str, state: str, *, expected: bool = False, **facts: Fact) -> None:
        """Say that `name` is in `state`, unless it was so already. States other than "ok" are warnings unless expected."""
        if self._states.get(name) == state:
            return
        self._states[name] = state
        level = logging.INFO if state == "ok" or expected else logging.WARNING
        self._log.log(level, "%s: %s", name, state, extra={"facts": facts})

    def states(self) -> Mapping[str, str]:
        return dict(self._states)
