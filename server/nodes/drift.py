"""How far a boot clock may stray from the time. Pure.

A crystal without temperature control, over its years, together with the frequency that the kernel was last told to correct it by, stays
within DRIFT_PPM. Beside that a time daemon moves the boot clock too when it slews the wall clock: systemd-timesyncd steps offsets above
0.4 s, which the boot clock does not follow, and slews smaller ones. A host whose time daemon slews by more (chrony without `makestep 0.5
-1`) must be told to step instead.
"""

DRIFT_PPM = 150
SLEW_PPM = 5_000
MOST_SLEWED_NS = 500_000_000


def strayed_ns(between_ns: int) -> int:
    """By how much a boot clock and the time may differ more after `between_ns` on either side of a moment than at it."""
    distance = abs(between_ns)
    return distance * DRIFT_PPM // 10**6 + min(MOST_SLEWED_NS, distance * SLEW_PPM // 10**6) + 1
