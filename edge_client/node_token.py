"""The node's bearer token, `<state>/identity/token.json`: for the courier's account alone, replaced when the server wants it.

The token before the present one is kept: the present one may never have reached the server's memory (a crash, a
restored backup), and then the one before is what the server accepts.
"""

import json
import os
import threading
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from edge_client.errors import EdgeError, NotClaimed
from edge_client.files import make_private_folder, write_private, write_secret
from shared_schema.base import WireModel
from shared_schema.envelope import MAX_INT
from shared_schema.node import ClaimAnswer, TokenAnswer

_Stamp = tuple[int, int]


class NodeToken(WireModel):
    """A bearer token; it never appears in a text form of this."""

    token: str = Field(repr=False, min_length=1, max_length=1000, pattern=r"^[!-~]+$")
    generation: int = Field(default=1, ge=1, le=MAX_INT)

    @classmethod
    def of(cls, answer: ClaimAnswer | TokenAnswer) -> Self:
        """Raises EdgeError when it cannot be sent in a header."""
        generation = answer.token_generation if isinstance(answer, ClaimAnswer) else answer.generation
        try:
            return cls(token=answer.token, generation=generation)
        except ValidationError:
            raise EdgeError("the server gave a token that cannot be one; is there a proxy on the way?") from None


class _Stored(NodeToken):
    previous: NodeToken | None = None


class TokenFile:
    """The file. Earlier releases kept the token in `identity.json`; it is moved when it is found there."""

    def __init__(self, state: Path) -> None:
        self._path = state / "identity" / "token.json"
        self._before = state / "identity" / "identity.json"

    def load(self) -> tuple[NodeToken, ...]:
        """The present token and, if there is one, that before it. Raises NotClaimed, EdgeError."""
        self._move()
        try:
            stored = _Stored.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            raise NotClaimed("this node has no token; run `lintel-edge claim` with the server's URL and a claim token") from None
        except ValidationError as error:
            raise EdgeError(f"{self._path} is damaged; claim the node again with a new claim token") from error
        present = NodeToken(token=stored.token, generation=stored.generation)
        return (present,) if stored.previous is None else (present, stored.previous)

    def save(self, present: NodeToken, previous: NodeToken | None = None) -> None:
        """Durable when this returns."""
        make_private_folder(self._path.parent)
        write_secret(self._path, _Stored(**present.model_dump(), previous=previous).model_dump_json().encode())

    def stamp(self) -> _Stamp | None:
        """Changes whenever the file is replaced; None when it cannot be seen."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _move(self) -> None:
        """The token is durable in its new place before it leaves the old one. Only for its own account."""
        if self._path.exists():
            return
        try:
            if self._before.stat().st_uid != os.geteuid():
                return
            found = json.loads(self._before.read_bytes())
            token = NodeToken.model_validate({"token": found.pop("token")})
        except (OSError, ValueError, KeyError, AttributeError):
            return
        self.save(token)
        write_private(self._before, json.dumps(found, indent=1).encode())


class Tokens:
    """The token in use. One thread rotates, any may ask for it."""

    def __init__(self, file: TokenFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._known: tuple[NodeToken, ...] = ()
        self._in_use = 0
        self._stamp: _Stamp | None = None
        self._read()

    def current(self) -> str:
        """What the next request carries."""
        with self._lock:
            return self._known[self._in_use].token

    @property
    def generation(self) -> int:
        with self._lock:
            return self._known[self._in_use].generation

    def adopt(self, answer: TokenAnswer) -> bool:
        """Keep the next token and use it from now on. False when it is the one in use. Raises EdgeError, OSError: then nothing changed."""
        token, present = NodeToken.of(answer), self._known[self._in_use]
        if token == present:
            return False
        self._file.save(token, present)
        self._use((token, present))
        return True

    def refused(self) -> None:
        """The server does not know the token in use: the next request carries the other one."""
        with self._lock:
            self._in_use = (self._in_use + 1) % len(self._known)

    def refresh(self) -> bool:
        """Read the file again when somebody else replaced it. True when there is another token now."""
        if self._file.stamp() == self._stamp:
            return False
        before = self._known
        self._read()
        return self._known != before

    def _read(self) -> None:
        stamp = self._file.stamp()
        self._use(self._file.load())
        self._stamp = stamp or self._file.stamp()

    def _use(self, known: tuple[NodeToken, ...]) -> None:
        with self._lock:
            self._known, self._in_use = known, 0
            self._stamp = self._file.stamp()
