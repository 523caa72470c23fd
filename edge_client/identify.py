"""Show which node this is: blink the board's light for as long as the server wants, so that somebody at the door can tell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_client.clock import Clock
from edge_client.reporting import Reporter

_HALF_NS: Final = 250_000_000


@dataclass(frozen=True, slots=True)
class Light:
    """A light of the kernel: a folder of `/sys/class/leds`."""

    folder: Path

    def take(self) -> str | None:
        """Stop what moves it now, and return what that was. None when the light is not there or not ours to move."""
        try:
            triggers = (self.folder / "trigger").read_text(encoding="ascii").split()
            before = next((word.strip("[]") for word in triggers if word.startswith("[")), "none")
            (self.folder / "trigger").write_text("none", encoding="ascii")
        except OSError:
            return None
        return before

    def shine(self, brightness: int) -> None:
        """Raises OSError."""
        (self.folder / "brightness").write_text(str(brightness), encoding="ascii")

    def give_back(self, trigger: str) -> None:
        """Raises OSError."""
        (self.folder / "trigger").write_text(trigger, encoding="ascii")


class Identify:
    """A worker: one step moves the light, if it is time to."""

    name = "identify"

    def __init__(self, light: Light, *, clock: Clock) -> None:
        self._light = light
        self._clock = clock
        self._until_ns = 0
        self._next_ns = 0
        self._bright = False
        self._before: str | None = None
        self._report = Reporter("identify")

    def start(self, seconds: int) -> None:
        """Blink from now on for so long; 0 changes nothing. Any thread may call it."""
        if seconds <= 0:
            return
        if self._clock.boot_ns() >= self._until_ns:
            self._report.say("this is the node that somebody looks for", seconds=seconds)
        self._until_ns = self._clock.boot_ns() + seconds * 10**9

    def step(self) -> bool:
        """Never busy: twice a second is often enough."""
        now = self._clock.boot_ns()
        if now >= self._until_ns:
            self.close()
        elif now >= self._next_ns:
            self._next_ns = now + _HALF_NS
            self._blink()
        return False

    def close(self) -> None:
        """The light does again what it did before."""
        before, self._before = self._before, None
        if before is not None:
            try:
                self._light.give_back(before)
            except OSError as error:
                self._report.state("light", "cannot be given back", reason=error.strerror)

    def _blink(self) -> None:
        if self._before is None:
            self._before = self._light.take()
        if self._before is None:
            self._report.state("light", "not there or not writable", expected=True, light=str(self._light.folder))
            return
        self._bright = not self._bright
        try:
            self._light.shine(int(self._bright))
        except OSError as error:
            self._report.state("light", "cannot be moved", reason=error.strerror)
