"""The server's error tree. Services raise these; the API turns them into problem details, commands into one line.

Their names are the product's words: *unavailable* means try again, *rejected* means never.
"""

# ruff: noqa: N818

from collections.abc import Mapping, Sequence


class LintelError(Exception):
    """Something that cannot be done. `code` is stable, the message says what to do about it."""

    status = 400
    title = "The request cannot be done"

    def __init__(self, code: str, message: str, *, errors: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.errors = dict(errors or {})


class Rejected(LintelError):
    """The input is wrong and will stay wrong."""

    status = 422
    title = "The content is not acceptable"


class Malformed(LintelError):
    """The request cannot be read at all."""

    status = 400
    title = "The request cannot be read"


class NotFound(LintelError):
    """There is no such thing, or not for this caller."""

    status = 404
    title = "Not found"


class Conflict(LintelError):
    """It contradicts what is already there."""

    status = 409
    title = "Conflict"


class Stale(LintelError):
    """Somebody else changed it since the caller read it."""

    status = 412
    title = "Changed in the meantime"


class Forbidden(LintelError):
    """The caller is known and may not."""

    status = 403
    title = "Not allowed"


class TooLarge(LintelError):
    """More bytes than are accepted here."""

    status = 413
    title = "Too large"


class Unavailable(LintelError):
    """It would be right, but cannot be done now: try again."""

    status = 503
    title = "Not available at the moment"

    def __init__(self, code: str, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s
