from django.db import OperationalError

from server.config.logs import _database_down_in_one_line


def test_a_database_that_does_not_answer_is_one_line() -> None:
    error = OperationalError("connection refused\nIs the server running?")
    event = {"event": "failed", "exc_info": (OperationalError, error, None)}
    assert _database_down_in_one_line(None, "error", event) == {"event": "failed", "error": "connection refused"}


def test_every_other_fault_keeps_its_traceback() -> None:
    event = {"event": "failed", "exc_info": (ValueError, ValueError("x"), None)}
    assert _database_down_in_one_line(None, "error", dict(event)) == event
