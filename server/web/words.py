"""Numbers, lengths of time and sizes in words."""

from datetime import timedelta


def counted(number: int, word: str, words: str = "") -> str:
    """`1 record`, `2 records`."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def lasting(time: timedelta) -> str:
    """A length of time in its largest unit: `42 seconds`, `3 hours`."""
    seconds = max(0, int(time.total_seconds()))
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(seconds // size, word)
    return counted(seconds, "second")


def ms(milliseconds: float) -> timedelta:
    """Milliseconds as a length of time, within what such a length can hold."""
    return timedelta(milliseconds=min(milliseconds, 10**12))


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a number above 1: `512 MB`, `1.5 GB`."""
    for unit, word in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.3g} {word}" if count < 1000 * unit else f"{count / unit:,.0f} {word}"
    return f"{count / 1000:.0f} kB"
