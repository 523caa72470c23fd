"""How presence is judged: the terms of a session, of an area and of an open day. Pure values; durations are whole seconds."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """FIRST_LAST: from the first way in to the last way out. PAIRS: every valid pair of entry and exit counts by itself."""

    FIRST_LAST = "first_last"
    PAIRS = "pairs"


class ForgottenExit(StrEnum):
    """Until when somebody counts who was not seen leaving: the session's end, when they were last seen, or not at all."""

    END = "end"
    LAST_SEEN = "last_seen"
    NOTHING = "nothing"


class AutoClose(StrEnum):
    """What becomes of a visit without an exit: it stays an open error, or it is closed at the day cut, or so long after the entry."""

    NEVER = "never"
    DAY_CUT = "day_cut"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a session. None switches a rule off."""

    mode: Mode = Mode.FIRST_LAST
    before_s: int = 1800
    """Who passes so long before the beginning has come for this session."""
    after_s: int = 1800
    """Who passes so long after the end was still here for it."""
    late_grace_s: int | None = 300
    early_grace_s: int | None = None
    half_day_below_s: int | None = None
    absent_below_s: int | None = None
    min_gap_s: int = 30
    """Two passes of the same direction that are less apart are one."""
    exits_expected: bool = False
    """Whether a missing exit is an error."""
    forgotten_exit: ForgottenExit = ForgottenExit.END
    overtime: bool = False
    """Whether time within the margins counts into the hours."""
    wait_s: int = 86_400
    """So long after the end, a session whose doors are not covered is given up: who was not seen is `not_covered`."""
    off_on_holidays: bool = True


@dataclass(frozen=True, slots=True)
class AreaTerms:
    """How the visits of an area are paired. `max_s` bounds a visit across the day cut, and an automatic close `after`."""

    min_gap_s: int = 30
    auto_close: AutoClose = AutoClose.NEVER
    max_s: int = 57_600


@dataclass(frozen=True, slots=True)
class OpenDayTerms:
    """How the hours of an open day are counted."""

    mode: Mode = Mode.FIRST_LAST
    min_gap_s: int = 30
    forgotten_exit: ForgottenExit = ForgottenExit.LAST_SEEN
