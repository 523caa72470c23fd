"""Never absent because a door was blind: what is decided when, and what is uncertain."""

from tests.attendance.rules.cases import Case, table


@table("""
# Nobody is absent before every door has told of its time
shift 09:00 to 17:00
synced until 16:59
=> pending; undecided; by nothing; hours not known

# Absent is said as soon as every door has told past the end
shift 09:00 to 17:00
synced until 17:00
=> absent; decided

# A door that was offline makes nobody absent
shift 09:00 to 17:00
blind main 12:00 to 12:30
=> pending; undecided

# One of two doors offline is enough to doubt
shift 09:00 to 17:00 at main and side
blind side 10:00 to 10:05
=> pending

# A door that does not serve the session may be blind
shift 09:00 to 17:00 at main
blind side
=> absent

# Two cameras at one door cover it together
shift 09:00 to 17:00
blind main 10:00 to 11:00
another camera at main 09:30 to 10:40
another camera at main 10:35 to 11:20
=> absent; decided

# Two cameras that leave a minute open do not
shift 09:00 to 17:00
blind main 10:00 to 11:00
another camera at main 09:30 to 10:40
another camera at main 10:41 to 11:20
=> pending

# When the wait is over it is said that nobody knows
shift 09:00 to 17:00
blind main 12:00 to 12:30
wait over
=> not covered; decided; by nothing

# A late queue turns not covered into absent
shift 09:00 to 17:00
blind main 12:00 to 12:30
another camera at main 12:00 to 12:30
wait over
=> absent; decided

# Whoever was seen is present however blind the doors were
shift 09:00 to 17:00
blind side
shift B 09:00 to 17:00 at main and side for group 2
09:00 in main
=> B: present; undecided; no problem

# Blind in the margin before it is doubt, since they may have come early
shift 09:00 to 17:00
margin 30 min before
blind main 08:45 to 08:50
=> pending

# Blind before the margin is none of its business
shift 09:00 to 17:00
margin 30 min before
blind main 08:00 to 08:30
=> absent

# Late is uncertain where an entrance was blind before they came
shift 09:00 to 17:00
blind main 08:55 to 09:05
wait over
09:30 in main
17:00 out main
=> present; perhaps late 30 min

# Late is uncertain even where only another entrance was blind
shift 09:00 to 17:00 at main and side
blind in side 08:55 to 09:05
09:30 in main
17:00 out main
=> present; perhaps late 30 min

# A blind way out makes nobody come earlier
shift 09:00 to 17:00
blind out main 08:55 to 09:05
09:30 in main
17:00 out main
=> late 30 min

# A door that was blind after they came does not make their lateness uncertain
shift 09:00 to 17:00
blind main 10:00 to 11:00
09:30 in main
17:00 out main
=> late 30 min; undecided

# In time is in time, whatever was blind
shift 09:00 to 17:00
blind main 08:30 to 08:50
08:55 in main
17:00 out main
=> in time

# A clock that was not sure may have been in time
shift 09:00 to 17:00
09:07 in main not before 09:04
17:00 out main
=> present; perhaps late 7 min

# A clock that was sure enough was not
shift 09:00 to 17:00
09:07 in main not before 09:05:01
17:00 out main
=> late 7 min

# Early is uncertain where a way out was blind afterwards
shift 09:00 to 17:00
early grace 5 min
blind out main 16:30 to 16:40
wait over
09:00 in main
16:00 out main
=> perhaps left early 1 h

# Early is not judged while an exit may still arrive
shift 09:00 to 17:00
early grace 5 min
synced until 16:30
09:00 in main
16:00 out main
=> undecided; leaving not judged; left 16:00

# A door that was retired in the middle had nothing to tell afterwards
shift 09:00 to 17:00 at main and side
door side used until 12:00
blind side 12:00 to 23:00
=> absent; decided

# A door that was added in the middle had nothing to tell before
shift 09:00 to 17:00 at main and side
door side used from 12:00
blind side 00:00 to 12:00
=> absent

# A door that was added in the middle and was blind since makes doubt
shift 09:00 to 17:00 at main and side
door side used from 12:00
blind side 12:30 to 12:40
=> pending

# Passes at a door before it was a door of the place do not count
shift 09:00 to 17:00 at main and side
door side used from 12:00
09:00 in side
12:00 in side
=> present; came 12:00; seen 12:00 in side

# Doors that were all retired before prove nobody absent
shift 09:00 to 17:00
door main used until 08:00
=> pending

# Too short is not said while a door was blind
shift 09:00 to 17:00
absent below 1 h
blind main 12:00 to 12:10
wait over
09:00 in main
09:10 out main
=> present; decided; worked 10 min
# A clock that may have been exactly in time may have been in time
shift 09:00 to 17:00
late grace 5 min
09:07 in main not before 09:05
17:00 out main
=> perhaps late 7 min

# An entrance that was hung up later could not have seen them earlier
shift 09:00 to 17:00 at main and side
door side used from 10:00
blind side 00:00 to 10:00
09:30 in main
17:00 out main
=> late 30 min; decided

# A way out that was taken down before they left could not have seen them
shift 09:00 to 17:00 at main and side
door side used until 12:00
blind side 12:00 to 23:00
early grace 5 min
09:00 in main
16:00 out main
=> left early 1 h

# A way out is blind only from when they were last seen leaving
shift 09:00 to 17:00
blind out main 12:00 to 12:10
early grace 5 min
wait over
09:00 in main
16:00 out main
=> left early 1 h

# A way out that is blind after the end makes nobody leave early
shift 09:00 to 17:00
blind out main 17:00 to 18:00
early grace 5 min
09:00 in main
16:00 out main
=> left early 1 h; decided
""")
def test_coverage(case: Case) -> None:
    case.check()
