"""Forgotten exits, doubled passes and pairs: what people complain about when they compare the sheet with their memory."""

from tests.attendance.rules.cases import Case, table


@table("""
# A forgotten exit counts until the end, and is told as a problem
shift 09:00 to 17:00
09:00 in main
=> present; leaving not known; worked 8 h; problem no exit; leaving not judged

# A missing exit is no problem while it may still arrive
shift 09:00 to 17:00
synced until 16:00
09:00 in main
=> present; undecided; leaving not known; no problem; worked nothing

# A forgotten exit may count until somebody was last seen
shift 09:00 to 17:00 at main and side
forgotten exit until last seen
09:00 in main
13:00 in side
=> worked 4 h; leaving not known; problem no exit

# A forgotten exit may count nothing
shift 09:00 to 17:00
forgotten exit counts nothing
09:00 in main
=> present; worked nothing; problem no exit

# Where nobody is expected to check out, a missing exit is no problem
shift 09:00 to 17:00
exits not expected
09:00 in main
=> present; no problem; worked 8 h

# In and out in the same second is a visit of nothing, not a whole day
shift 09:00 to 17:00
09:00 in main
09:00 out main
=> present; came 09:00; left 09:00; worked nothing; no problem

# Two pictures of one walk, milliseconds apart, are not an arrival and a departure
shift 09:00 to 17:00
09:00:00.100 at main
09:00:00.180 at main
=> came 09:00:00.100; leaving not known; worked 7 h 59 min 59 s

# At a door for both ways a second pass just under the gap is the same walk
shift 09:00 to 17:00
gap 30 s
09:00 at main
09:00:29 at main
=> came 09:00; leaving not known

# At a door for both ways a second pass exactly at the gap is an exit
shift 09:00 to 17:00
gap 30 s
09:00 at main
09:00:30 at main
=> came 09:00; left 09:00:30; worked 30 s

# First in and last out do not care about the walk to lunch
shift 09:00 to 17:00
09:00 in main
12:00 out main
13:00 in main
17:00 out main
=> worked 8 h; left 17:00; no problem

# Who came back and was not seen leaving again has no exit
shift 09:00 to 17:00
09:00 in main
12:00 out main
13:00 in main
=> leaving not known; problem no exit; worked 8 h

# Coming back when it is over does not take the exit away
shift 09:00 to 17:00
09:00 in main
17:02 out main
17:10 in main
=> left 17:02; no problem; worked 8 h

# An exit before the first arrival is the night before's, not this shift's
shift 09:00 to 17:00
08:40 out main
09:00 in main
=> came 09:00; leaving not known; problem no exit

# With every pair lunch outside is not worked
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 out main
13:00 in main
17:00 out main
=> worked 7 h; came 09:00; left 17:00; no problem

# With every pair a forgotten last exit counts until the end
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 out main
13:00 in main
=> worked 7 h; leaving not known; problem no exit

# With every pair a forgotten last exit may count nothing, the pairs before it do
shift 09:00 to 17:00
every pair counts
forgotten exit counts nothing
09:00 in main
12:00 out main
13:00 in main
=> worked 3 h; problem no exit

# Entering twice loses the first pair and is told
shift 09:00 to 17:00
every pair counts
09:00 in main
11:00 in main
17:00 out main
=> worked 6 h; came 09:00; left 17:00; problem entered twice

# An exit nobody entered for is told, and the pairs after it count
shift 09:00 to 17:00
every pair counts
10:00 out main
11:00 in main
17:00 out main
=> came 11:00; late 2 h; worked 6 h; problem exit without entry

# A second exit without an entry is told, too
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 out main
17:00 out main
=> left 17:00; worked 3 h; problem exit without entry

# A door for both ways toggles
shift 09:00 to 17:00
every pair counts
09:00 at main
12:00 at main
13:00 at main
17:00 at main
=> worked 7 h; came 09:00; left 17:00; no problem

# A doubled picture does not turn the toggle around
shift 09:00 to 17:00
every pair counts
09:00 at main
09:00:00.050 at main
17:00 at main
=> worked 8 h; left 17:00; no problem

# Out and in again in the same second loses nothing
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 in main
12:00 out main
17:00 out main
=> worked 8 h; no problem

# Two cameras that see one entry in the same second make one entry
shift 09:00 to 17:00 at main and side
every pair counts
09:00 in main
09:00 in side
17:00 out main
=> worked 8 h; no problem; seen 09:00 in main, 09:00 in side, 17:00 out main

# Pairs before the beginning count as overtime only where overtime counts
shift 09:00 to 17:00
every pair counts
overtime counts
08:40 in main
17:20 out main
=> worked 8 h 40 min

# Pairs in the break are not worked
shift 09:00 to 17:00
every pair counts
break 12:00 to 13:00
09:00 in main
12:30 out main
12:45 in main
17:00 out main
=> worked 7 h

# Nobody who was seen only at a kiosk is lost
shift 09:00 to 17:00
09:00 at main by kiosk
17:00 out main
=> present; by kiosk; worked 8 h

# A pass that staff entered by hand counts like any other
shift 09:00 to 17:00
09:00 in main by hand
17:00 out main
=> present; in time; by manual; seen 09:00 in main, 17:00 out main

# Passes at a door of another room do not count
shift 09:00 to 17:00 at lab
09:00 in main
17:00 out main
=> absent; never seen
""")
def test_exits(case: Case) -> None:
    case.check()
