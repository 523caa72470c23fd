import io
import json
import logging
from collections.abc import Iterator

import pytest

from edge_client.reporting import Reporter, start_reporting


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    start_reporting(stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def test_a_line_is_one_json_object_with_its_facts(lines: io.StringIO) -> None:
    Reporter("records").say("delivered", count=3)
    line = json.loads(lines.getvalue())
    assert (line["level"], line["from"], line["message"], line["count"]) == ("info", "lintel.records", "delivered", 3)


def test_a_state_is_said_when_it_changes_and_not_again(lines: io.StringIO) -> None:
    reporter = Reporter("contact")
    for state in ("unavailable", "unavailable", "ok", "ok", "unavailable"):
        reporter.state("server", state)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["message"], line["level"]) for line in said] == [
        ("server: unavailable", "warning"),
        ("server: ok", "info"),
        ("server: unavailable", "warning"),
    ]
