"""Days of 23 and 25 hours, and other zones."""

from tests.attendance.rules.cases import Case, table


@table("""
# The night the clock jumps ahead has seven hours of a shift of eight
on 2026-03-28 in Europe/Berlin
shift 22:00 to 06:00+1
22:00 in main
06:00+1 out main
=> present; in time; worked 7 h; no problem

# The night the clock goes back has nine
on 2026-10-24 in Europe/Berlin
shift 22:00 to 06:00+1
22:00 in main
06:00+1 out main
=> present; worked 9 h

# An open day of 23 hours is told right
on 2026-03-29 in Europe/Berlin
day cut 00:00
01:00 in main
04:00 out main
=> day 01:00 to 04:00, 2 passes, 7200 s

# The second half past two is an hour after the first
on 2026-10-25 in Europe/Berlin
day cut 00:00
area lab
02:30 in lab
02:30* out lab
=> day 02:30 to 02:30*, 2 passes, 3600 s

# Who comes at the second half past two is an hour late
on 2026-10-25 in Europe/Berlin
day cut 00:00
shift 02:30 to 08:00
02:30* in main
08:00 out main
=> late 1 h; worked 5 h 30 min

# A visit over the jump lasts as long as it lasted
on 2026-03-28 in Europe/Berlin
area lab
23:00 in lab
05:00+1 out lab
=> visit 23:00 to 05:00+1

# The last visit before the jump closes at the day cut by the new clock
on 2026-03-28 in Europe/Berlin
area lab
visits close at the day cut
23:00 in lab
=> visit 23:00 to 04:00+1 by rule: no exit

# A pass before the cut of a short day belongs to the day before
on 2026-03-28 in Europe/Berlin
03:59+1 in main
=> day 03:59+1 to 03:59+1, 1 passes, 0 s
=> +1 day off

# Leave at night keeps to the clock on the wall
on 2026-10-24 in Europe/Berlin
shift 22:00 to 06:00+1
leave +1 04:00 to 06:00
22:00 in main
04:00+1 out main
early grace 5 min
=> stayed until the end; worked 7 h

# A shift in Auckland is on Auckland's date
on 2026-04-05 in Pacific/Auckland
shift 08:00 to 16:00
08:00 in main
16:00 out main
=> present; worked 8 h
=> -1 : no record

# A zone with half an hour changes nothing
on 2026-03-04 in Asia/Kolkata
shift 09:00 to 17:00
09:04 in main
17:00 out main
=> in time; worked 7 h 56 min
""")
def test_clock_changes(case: Case) -> None:
    case.check()
