"""What can go wrong on a node. *Unavailable* means try again later; *Rejected* means park it.

Every message is one sentence that says what to do; `exit_code` is what the program ends with when nobody handles it.
"""

# ruff: noqa: N818 (the words of the house: unavailable, rejected, not claimed)


class EdgeError(Exception):
    """The root of the node's errors."""

    exit_code = 1


class ConfigError(EdgeError):
    """The configuration cannot be used."""

    exit_code = 2


class NotClaimed(EdgeError):
    """The node has no identity yet."""

    exit_code = 3


class CameraUnavailable(EdgeError):
    """The camera cannot be opened."""

    exit_code = 4


class CameraHung(CameraUnavailable):
    """The camera worked and gives nothing any more, also when asked again: starting the process anew may help."""

    exit_code = 1


class ModelSetBad(EdgeError):
    """The model set is missing or damaged."""

    exit_code = 5


class OutboxError(EdgeError):
    """The outbox cannot be opened or written; nothing was recorded by the call that raised this."""


class OutboxFull(OutboxError):
    """There is no room for another record; what lies in the outbox is safe."""


class OutboxDamaged(OutboxError):
    """The outbox's database is damaged; capture salvages it when it starts."""


class OutboxNewer(OutboxError):
    """The outbox calls itself of a version that this program does not know."""


class OutboxMissing(OutboxError):
    """There is no outbox yet: capture makes it at its first start."""


class Unavailable(EdgeError):
    """No usable answer from the server. `retry_after_s` is its own wish, if it stated one."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(EdgeError):
    """The server understood and will not have it. `code` is the stable code of its problem detail."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Unauthorised(EdgeError):
    """The server does not accept the node's token. `knows_node`: it knows whose it is, and refuses that node (frozen, revoked)."""

    exit_code = 3

    def __init__(self, message: str, *, knows_node: bool = False) -> None:
        super().__init__(message)
        self.knows_node = knows_node
