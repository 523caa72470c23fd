"""Nights, double shifts, and the boundary of two sessions: one pass, two that could claim it."""

from tests.attendance.rules.cases import Case, table


@table("""
# The exit of a night shift belongs to the evening before, not to the next day
shift 22:00 to 06:00+1
21:55 in main
06:05+1 out main
=> present; in time; left 06:05+1; worked 8 h; no problem

# The exit of one night is not the arrival of the next
shift A 22:00-1 to 06:00
shift B 22:00 to 06:00+1
21:58-1 at main
06:02 at main
22:10 at main
06:01+1 at main
=> -1 A: present; in time; came 21:58-1; left 06:02; worked 8 h
=> B: present; late 10 min; came 22:10; left 06:01+1; seen 22:10 at main, 06:01+1 at main

# Who comes to a night shift after midnight is late by the hours since the evening
shift 22:00 to 06:00+1
00:30+1 in main
06:00+1 out main
=> present; late 2 h 30 min; worked 5 h 30 min

# A night shift does not end at the day cut
shift 22:00 to 06:00+1
day cut 00:00
every pair counts
21:50 in main
01:00+1 out main
01:30+1 in main
06:10+1 out main
=> worked 7 h 30 min; no problem

# Who did not come at night is absent on the evening's date
shift 22:00 to 06:00+1
=> absent; decided
=> +1 : no record

# Coming for the late shift is no visit to the early one
shift A 06:00 to 14:00
shift B 14:00 to 22:00
13:50 in main
22:05 out main
=> A: absent; never seen
=> B: present; in time; came 13:50; left 22:05; worked 8 h

# Leaving the early shift a little late is no visit to the late one
shift A 06:00 to 14:00
shift B 14:00 to 22:00
05:55 in main
14:10 out main
=> A: present; left 14:10; worked 8 h; no problem
=> B: absent; never seen

# Leaving the early shift late through a door for both ways is not an arrival for the late one
shift A 06:00 to 14:00
shift B 14:00 to 22:00
05:55 at main
14:10 at main
=> A: present; left 14:10; worked 8 h
=> B: absent; never seen

# A double shift without a pass between counts for both
shift A 06:00 to 14:00
shift B 14:00 to 22:00
05:55 in main
22:05 out main
=> A: present; in time; came 05:55; left 14:00; worked 8 h; no problem
=> B: present; in time; came 14:00; left 22:05; worked 8 h; no problem; seen 05:55 in main, 22:05 out main

# A double shift from the night into the day is nobody's double hours
shift A 22:00-1 to 06:00
shift B 06:00 to 14:00
overtime counts
21:50-1 in main
14:20 out main
=> -1 A: came 21:50-1; left 06:00; worked 8 h 10 min
=> B: came 06:00; left 14:20; worked 8 h 20 min

# A double shift with a walk outside between is still in time
shift A 06:00 to 14:00
shift B 14:00 to 22:00
every pair counts
05:55 in main
14:02 out main
14:12 in main
22:00 out main
=> A: present; left 14:00; worked 8 h; no problem
=> B: present; in time; came 14:00; worked 7 h 50 min; no problem

# Sitting through three lectures in one room is being at all of them
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
lecture C 11:30 to 13:00
07:58 in main
13:01 out main
=> A: present; in time; left 09:30; no problem
=> B: present; in time; came 09:45; left 11:15; no problem; seen 07:58 in main
=> C: present; in time; came 11:30; left 13:01; no problem; seen 07:58 in main, 13:01 out main

# Without an exit at the end nobody knows whether they sat through the next lecture
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
07:58 in main
=> A: present; problem no exit
=> B: absent; never seen

# The next lecture in another room is not carried over
lecture A 08:00 to 09:30 at lab
lecture B 09:45 to 11:15 at hall
07:58 in lab
09:50 out lab
=> A: present; left 09:50
=> B: absent

# A short walk between two lectures is an exit of the first and an entry of the second
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
every pair counts
07:58 in main
09:31 out main
09:40 in main
11:16 out main
=> A: present; left 09:31; worked 1 h 30 min; no problem; seen 07:58 in main, 09:31 out main
=> B: present; in time; came 09:40; worked 1 h 30 min; no problem; seen 09:40 in main, 11:16 out main

# The same walk through a door for both ways, too
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
every pair counts
07:58 at main
09:31 at main
09:40 at main
11:16 at main
=> A: present; left 09:31; worked 1 h 30 min; no problem
=> B: present; in time; came 09:40; worked 1 h 30 min; no problem

# Leaving a lecture early and coming back for the next one is left early, and not late
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
early grace 5 min
08:00 in main
09:00 out main
09:40 in main
11:15 out main
=> A: left early 30 min; left 09:00
=> B: in time; came 09:40; stayed until the end

# Coming in the break after the first lecture is for the second one
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
09:35 in main
11:15 out main
=> A: absent
=> B: present; in time

# Coming late to the first of two lectures is not coming early to the second
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
08:40 in main
11:15 out main
=> A: late 40 min; left 09:30
=> B: in time

# The margin before the second session reaches only into the last quarter of the first
lecture A 08:00 to 10:00
lecture B 10:00 to 12:00
margin 60 min before
09:29:59 in main
09:40 out main
=> A: present; late 5399 s; left 09:40
=> B: absent

# The margin after the first session reaches only into the first quarter of the second
lecture A 08:00 to 10:00
lecture B 10:00 to 12:00 at main and lab
margin 60 min after
08:00 in main
10:30:01 out main
=> A: present; left 10:00
=> B: present; came 10:00; left 10:30:01

# Two groups at the same time share what was seen
lecture A 09:00 to 10:30
lecture B 09:00 to 10:30 for group 2
09:00 in main
10:30 out main
=> A: present; in time
=> B: present; in time

# A cancelled session claims nothing from the next one
shift A 06:00 to 14:00
cancelled
shift B 14:00 to 22:00
13:50 in main
22:00 out main
=> A: no record
=> B: present; in time
# A break as long as the margin is sat through
lecture A 08:00 to 09:30
lecture B 10:00 to 11:30
margin 30 min before
08:00 in main
11:30 out main
=> A: present; left 09:30
=> B: present; in time; came 10:00

# A break longer than the margin is not
lecture A 08:00 to 09:30
lecture B 10:00:01 to 11:30
margin 30 min before
08:00 in main
11:30 out main
=> A: present; problem no exit
=> B: present; coming not known; problem exit without entry

# A walk during the second of three lectures does not turn the toggle around
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
lecture C 11:30 to 13:00
every pair counts
08:00 at main
10:00 at main
10:10 at main
13:00 at main
=> A: worked 1 h 30 min; left 09:30
=> B: came 09:45; left 11:15; worked 1 h 20 min; no problem
=> C: came 11:30; left 13:00; worked 1 h 30 min; no problem

# Leaving exactly when the next session begins is still leaving it
lecture A 08:00 to 10:00
lecture B 10:00 to 12:00
every pair counts
08:00 in main
10:00 out main
10:05 in main
12:00 out main
=> A: left 10:00; no problem
=> B: came 10:00; left 12:00; worked 1 h 55 min; no problem

# Coming exactly when the first session ends is no stay from the first
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
08:00 in main
09:00 out main
09:30 in main
11:15 out main
=> A: left 09:30
=> B: in time; came 09:45; seen 09:30 in main, 11:15 out main
# Of three shifts in a row only the middle one was worked
shift A 06:00 to 14:00
shift B 14:00 to 22:00
shift C 22:00 to 06:00+1
13:50 in main
22:10 out main
=> A: absent; never seen
=> B: present; in time; left 22:10; seen 13:50 in main, 22:10 out main
=> C: absent; never seen

# A walk at the end of the first lecture is not part of the second
lecture A 08:00 to 09:30
lecture B 09:45 to 11:15
every pair counts
08:00 in main
09:10 out main
09:15 in main
11:15 out main
=> A: worked 1 h 25 min; left 09:30; no problem
=> B: came 09:45; worked 1 h 30 min; no problem
""")
def test_nights_and_neighbours(case: Case) -> None:
    case.check()
