"""What ends the demo early: one sentence that says what to do, and an exit code."""

USAGE = 2
PORT_TAKEN = 3
CAMERA = 4
FAILED = 1
INTERRUPTED = 130


class DemoError(Exception):
    """The demo cannot go on. The message is one sentence for the person who started it."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
