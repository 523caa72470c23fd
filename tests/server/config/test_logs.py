from django.core.exceptions import DisallowedHost
from django.db import OperationalError

from server.config.logs import _expected_in_one_line


def test_a_database_that_does_not_answer_is_one_line() -> None:
    error = OperationalError("connection refused\nIs the server running?")
    event = {"event": "failed", "exc_info": (OperationalError, error, None)}
    assert _expected_in_one_line(None, "error", event) == {"event": "failed", "error": "connection refused"}


def test_every_other_fault_keeps_its_traceback() -> None:
    event = {"event": "failed", "exc_info": (ValueError, ValueError("x"), None)}
    assert _expected_in_one_line(None, "error", dict(event)) == event


def test_a_wrong_host_name_is_one_line() -> None:
    event = {"event": "refused", "exc_info": (DisallowedHost, DisallowedHost("evil"), None)}
    assert _expected_in_one_line(None, "error", event) == {"event": "refused", "error": "evil"}
