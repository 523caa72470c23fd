"""Too late, too early, too short: grace and thresholds, exactly on the bound and beside it."""

from tests.attendance.rules.cases import Case, table


@table("""
# Whoever comes and goes in time is present, in time, with all the hours
shift 09:00 to 17:00
08:58 in main
17:03 out main
=> present; decided; in time; worked 8 h; came 08:58; left 17:03; by face; no problem; seen 08:58 in main, 17:03 out main

# Five minutes late are forgiven where the grace is five minutes
shift 09:00 to 17:00
late grace 5 min
09:05 in main
17:00 out main
=> present; in time; worked 7 h 55 min

# A fraction of a second over the grace is forgiven too
shift 09:00 to 17:00
late grace 5 min
09:05:00.900 in main
17:00 out main
=> in time

# One second over the grace is late by all of it, not by the second
shift 09:00 to 17:00
late grace 5 min
09:05:01 in main
17:00 out main
=> present; late 301 s

# Without any grace a single second is late
shift 09:00 to 17:00
late grace 0 s
09:00:01 in main
17:00 out main
=> late 1 s

# Where lateness is switched off nobody is late
shift 09:00 to 17:00
late grace none
11:00 in main
17:00 out main
=> present; lateness not judged; worked 6 h

# Leaving early is not judged unless it is switched on
shift 09:00 to 17:00
09:00 in main
15:00 out main
=> present; leaving not judged

# Leaving early within the grace is forgiven, exactly on the bound too
shift 09:00 to 17:00
early grace 10 min
09:00 in main
16:50 out main
=> stayed until the end

# Leaving a second too early is early by all of it
shift 09:00 to 17:00
early grace 10 min
09:00 in main
16:49:59 out main
=> left early 601 s

# Late and early at once are both told
shift 09:00 to 17:00
early grace 5 min
09:30 in main
16:30 out main
=> present; late 30 min; left early 30 min; worked 7 h

# Exactly the hours of a full day are no half day
shift 09:00 to 17:00
half a day below 4 h
09:00 in main
13:00 out main
=> present; not half a day; worked 4 h

# A second less than that is half a day
shift 09:00 to 17:00
half a day below 4 h
09:00 in main
12:59:59 out main
=> present; half a day; worked 3 h 59 min 59 s

# Exactly the hours of the absent threshold are present
shift 09:00 to 17:00
half a day below 4 h
absent below 1 h
09:00 in main
10:00 out main
=> present; half a day; no problem

# A second less is absent, and it is told why
shift 09:00 to 17:00
half a day below 4 h
absent below 1 h
09:00 in main
09:59:59 out main
=> absent; decided; not half a day; problem too short; came 09:00; left 09:59:59; worked 3599 s

# Too short is never said while a door was blind
shift 09:00 to 17:00
absent below 1 h
blind side 12:00 to 13:00
shift B 09:00 to 17:00 at main and side for group 2
09:00 in main
09:10 out main
=> B: present; undecided

# A break is not worked
shift 09:00 to 17:00
break 12:00 to 13:00
09:00 in main
17:00 out main
=> worked 7 h

# Breaks that overlap are subtracted once
shift 09:00 to 17:00
break 12:00 to 13:00
break 12:30 to 13:30
09:00 in main
17:00 out main
=> worked 6 h 30 min

# Leaving in the middle of the break costs only the part of it that was there
shift 09:00 to 17:00
break 12:00 to 13:00
09:00 in main
12:30 out main
=> worked 3 h

# Coming early does not make hours unless overtime counts
shift 09:00 to 17:00
08:40 in main
17:20 out main
=> came 08:40; left 17:20; worked 8 h

# With overtime the time within the margins counts
shift 09:00 to 17:00
overtime counts
08:40 in main
17:20 out main
=> worked 8 h 40 min; in time

# Somebody who comes in when it is over was not there
shift 09:00 to 17:00
17:10 in main
=> absent; never seen

# Somebody who leaves before it begins was not there
shift 09:00 to 17:00
08:50 out main
=> absent; never seen

# Who was only seen leaving after the end was there, since nobody knows when
shift 09:00 to 17:00
absent below 1 h
half a day below 4 h
17:10 out main
=> present; coming not known; lateness not judged; worked nothing; not half a day; problem exit without entry
# Coming in at the very end is coming, late as it is
lecture 09:00 to 10:30
10:30 in main
=> present; late 1 h 30 min; worked nothing

# Leaving at the very beginning is having been there
lecture 09:00 to 10:30
09:00 out main
=> present; left 09:00; worked nothing
""")
def test_lateness(case: Case) -> None:
    case.check()
