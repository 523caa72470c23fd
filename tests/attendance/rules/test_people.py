"""Who is expected at all: leave, holidays, joiners and leavers."""

from tests.attendance.rules.cases import Case, table


@table("""
# Leave of the whole day excuses
shift 09:00 to 17:00
leave
=> excused by leave; decided; by nothing; hours not known

# Leave excuses before the doors have told
shift 09:00 to 17:00
leave
synced until 08:00
=> excused by leave; decided

# Leave of the day before does not excuse
shift 09:00 to 17:00
leave -1
=> absent

# Who works on a day of leave is present, with the hours and a question
shift 09:00 to 17:00
leave
half a day below 4 h
09:30 in main
12:00 out main
=> present; lateness not judged; leaving not judged; not half a day; worked 2 h 30 min; problem on leave

# Leave in the morning moves the beginning
shift 09:00 to 17:00
leave 08:00 to 12:00
12:03 in main
17:00 out main
=> present; in time; worked 4 h 57 min; no problem

# Leave in the morning does not excuse from the afternoon
shift 09:00 to 17:00
leave 08:00 to 12:00
12:30 in main
17:00 out main
=> late 30 min

# Leave in the afternoon moves the end
shift 09:00 to 17:00
leave 13:00 to 18:00
early grace 5 min
09:00 in main
13:00 out main
=> stayed until the end; worked 4 h

# Leave in the middle counts as a break
shift 09:00 to 17:00
leave 11:00 to 13:00
09:00 in main
17:00 out main
=> in time; worked 6 h

# Leave in two parts that cover everything excuses
shift 09:00 to 17:00
leave 12:00 to 17:00
leave 09:00 to 12:00
=> excused by leave

# Two leaves next to each other move the beginning by both
shift 09:00 to 17:00
leave 10:00 to 11:00
leave 09:00 to 10:00
11:02 in main
17:00 out main
=> in time; worked 5 h 58 min

# Leave after midnight reaches into the night shift
shift 22:00 to 06:00+1
leave +1 04:00 to 08:00
early grace 5 min
22:00 in main
04:00+1 out main
=> stayed until the end; worked 6 h

# Half a day of leave does not excuse whoever does not come at all
shift 09:00 to 17:00
leave 08:00 to 12:00
=> absent

# A holiday excuses
shift 09:00 to 17:00
holiday
=> excused by holiday; decided

# A holiday comes before leave, so that leave is not used up
shift 09:00 to 17:00
leave
holiday
=> excused by holiday

# Work on a holiday is counted and told
shift 09:00 to 17:00
holiday
10:00 in main
14:00 out main
=> present; lateness not judged; worked 4 h; problem on holiday

# A shift that works on holidays excuses nobody
shift 09:00 to 17:00
holiday
holidays are worked
=> absent

# A night shift belongs to the holiday it begins on
shift A 22:00-1 to 06:00
shift B 22:00 to 06:00+1
holiday
=> -1 A: absent
=> B: excused by holiday

# Who has not joined yet is not expected
shift 09:00 to 17:00
joined +1
=> : no record

# Who joins today is expected today
shift 09:00 to 17:00
joined
=> absent

# Who left yesterday is not absent today
shift 09:00 to 17:00
left -1
=> : no record

# Who leaves today is expected today
shift 09:00 to 17:00
left
=> absent

# Who left the group is not expected with it
shift 09:00 to 17:00
left the group -1
=> : no record

# Who joins the group tomorrow is expected tomorrow, not today
shift A 09:00 to 17:00
shift B 09:00+1 to 17:00+1
joined the group +1
=> A: no record
=> +1 B: absent

# Who left is still seen: the open day says so
left -1
09:00 in main
17:00 out main
=> day 09:00 to 17:00, 2 passes, 28800 s, not active

# A cancelled session expects nobody
shift 09:00 to 17:00
cancelled
09:00 in main
=> : no record
# Who leaves the group today is expected today
shift 09:00 to 17:00
left the group
=> absent

# Leave until exactly the end moves the end
shift 09:00 to 17:00
leave 13:00 to 17:00
early grace 5 min
09:00 in main
13:00 out main
=> stayed until the end; worked 4 h
""")
def test_people(case: Case) -> None:
    case.check()
