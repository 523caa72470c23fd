"""Visits to an area, and open days."""

from tests.attendance.rules.cases import Case, table


@table("""
# In and out is a visit
area lab
09:00 in lab
10:00 out lab
=> visit 09:00 to 10:00

# Nobody at the lab's doors, no visit
area lab
09:00 in main
=> no visits

# Several visits a day are listed by time
area lab
14:00 in lab
09:00 in lab
10:00 out lab
14:30 out lab
=> visit 09:00 to 10:00; visit 14:00 to 14:30

# A visit without an exit stays open, and is an error
area lab
09:00 in lab
=> visit 09:00 open: no exit

# An exit without an entry is an error
area lab
10:00 out lab
=> visit until 10:00: exit without entry

# Entering twice leaves the first visit open
area lab
09:00 in lab
11:00 in lab
12:00 out lab
=> visit 09:00 open: no exit; visit 11:00 to 12:00: entered twice

# A door for both ways toggles between entry and exit
area lab
09:00 at lab
10:00 at lab
11:00 at lab
=> visit 09:00 to 10:00; visit 11:00 open: no exit

# Milliseconds apart at a door for both ways is one walk
area lab
09:00 at lab
09:00:00.040 at lab
10:00 at lab
=> visit 09:00 to 10:00

# In and out in the same second is a visit of no length
area lab
09:00 out lab
09:00 in lab
=> visit 09:00 to 09:00

# Out and in again in the same second are two visits that touch
area lab
08:00 in lab
09:00 in lab
09:00 out lab
10:00 out lab
=> visit 08:00 to 09:00; visit 09:00 to 10:00

# A visit across the day cut belongs to the day of its entry
area lab
23:00 in lab
05:00+1 out lab
=> visit 23:00 to 05:00+1
=> +1 no visits

# An exit in the morning belongs to yesterday's entry, and the day goes on
area lab
23:00-1 in lab
05:00 out lab
09:00 in lab
10:00 out lab
=> -1 visit 23:00-1 to 05:00
=> visit 09:00 to 10:00

# A visit longer than the longest is not closed by the next morning
area lab
visits last at most 4 h
23:00-1 in lab
05:00 out lab
=> -1 visit 23:00-1 open: no exit
=> visit until 05:00: exit without entry

# The longest visit across the day cut counts exactly on the bound
area lab
visits last at most 6 h
23:00-1 in lab
05:00 out lab
=> -1 visit 23:00-1 to 05:00

# The state of a door for both ways ends at the day cut
area lab
23:00-1 at lab
05:00 at lab
06:00 at lab
=> -1 visit 23:00-1 open: no exit
=> visit 05:00 to 06:00

# A rule may close a forgotten visit at the day cut
area lab
visits close at the day cut
09:00 in lab
=> visit 09:00 to 04:00+1 by rule: no exit

# A rule may close a forgotten visit after the longest one
area lab
visits close after the longest visit
visits last at most 2 h
09:00 in lab
=> visit 09:00 to 11:00 by rule: no exit

# A rule closes a forgotten visit not later than the next entry
area lab
visits close after the longest visit
visits last at most 4 h
09:00 in lab
11:00 in lab
12:00 out lab
=> visit 09:00 to 11:00 by rule: no exit; visit 11:00 to 12:00: entered twice

# Two areas with one door each have their own visits
area lab
area hall
09:00 in lab
09:30 in hall
10:00 out lab
10:30 out hall
=> visit 09:00 to 10:00; visit 09:30 to 10:30

# Before the day cut it is still yesterday
02:00+1 in main
=> day 02:00+1 to 02:00+1, 1 passes, 0 s

# An open day counts from first to last seen
08:00 in main
12:00 at side
17:00 in main
=> day 08:00 to 17:00, 3 passes, 32400 s

# An open day in pairs leaves lunch out
open days count every pair
08:00 in main
12:00 out main
13:00 in main
17:00 out main
=> day 08:00 to 17:00, 4 passes, 28800 s

# An open day in pairs counts an open pair until they were last seen
open days count every pair
08:00 in main
10:00 in main
12:00 in main
=> day 08:00 to 12:00, 3 passes, 0 s

# An open day in pairs may forget the open pair
open days count every pair
open days forget: counts nothing
08:00 in main
12:00 out main
13:00 in main
=> day 08:00 to 13:00, 3 passes, 14400 s

# Not seen, no open day
=> day off
# Whoever is first seen coming in did not leave last night's visit
area lab
23:00-1 in lab
05:00 in lab
06:00 out lab
=> -1 visit 23:00-1 open: no exit
=> visit 05:00 to 06:00

# Passes exactly as far apart as the gap are two
area lab
09:00 at lab
09:00:30 at lab
10:00 at lab
=> visit 09:00 to 09:00; visit 10:00 open: no exit

# In through one door and over the toggling one in the same second is in and out
area lab
09:00 at lab
09:00 in lab
=> visit 09:00 to 09:00

# The doubled picture of an open pair is when they were last seen
open days count every pair
08:00 in main
08:00:20 in main
=> day 08:00 to 08:00, 2 passes, 20 s
""")
def test_visits_and_open_days(case: Case) -> None:
    case.check()
