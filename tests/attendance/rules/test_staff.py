"""What staff say: manual marks, and corrections over them."""

from dataclasses import replace

from server.attendance.rules.derive import derive
from server.attendance.rules.facts import Method
from tests.attendance.rules.cases import Case, table


@table("""
# A teacher's mark is enough where the face failed
lecture 09:00 to 10:30
blind main
marked present, came with a bandage
=> present; decided; by manual; mark 1; note came with a bandage; coming not known; lateness not judged; no problem; never seen

# A mark with times counts the hours
shift 09:00 to 17:00
marked present from 09:10 until 16:00
=> present; late 10 min; came 09:10; left 16:00; worked 6 h 50 min; no problem

# A mark keeps the exit that was seen
shift 09:00 to 17:00
17:00 out main
marked present from 09:00
=> present; in time; came 09:00; left 17:00; worked 8 h; no problem; seen 17:00 out main

# A mark beats the face: the teacher says it was the twin
lecture 09:00 to 10:30
09:00 in main
10:30 out main
marked absent, it was the twin
=> absent; by manual; coming not known; leaving not known; hours not known; no problem; seen 09:00 in main, 10:30 out main

# A mark may excuse
lecture 09:00 to 10:30
marked excused, sports
=> excused by staff; decided; note sports

# The newest mark counts
lecture 09:00 to 10:30
marked absent
marked present
=> present; mark 2

# A mark on a day of leave is present with the question
shift 09:00 to 17:00
leave
marked present from 09:00 until 12:00
=> present; lateness not judged; worked 3 h; problem on leave

# A mark is never too short
shift 09:00 to 17:00
absent below 1 h
09:00 in main
09:10 out main
marked present
=> present; worked 10 min; no problem

# A time said by staff is certain
shift 09:00 to 17:00
blind main 08:50 to 09:10
wait over
09:30 in main
17:00 out main
marked present from 09:20
=> late 20 min

# A time that staff do not touch stays uncertain
shift 09:00 to 17:00
blind main 08:50 to 09:10
wait over
09:30 in main
marked present until 17:00
=> perhaps late 30 min; left 17:00

# A correction of the exit counts the hours anew
shift 09:00 to 17:00
forgotten exit counts nothing
09:00 in main
corrected last out 16:00
=> present; by manual; left 16:00; worked 7 h; no problem; correction 1; decided

# A correction comes over the mark
lecture 09:00 to 10:30
marked absent
corrected to present first in 09:05
=> present; in time; came 09:05; mark 1; correction 1

# A time alone makes somebody present
shift 09:00 to 17:00
corrected first in 09:00
=> present; came 09:00; problem no exit

# Corrections are laid on in the order of approval
shift 09:00 to 17:00
corrected first in 09:30 last out 17:00
corrected first in 09:10
=> late 10 min; left 17:00; corrections 1 and 2

# Present after absent brings the seen times back
shift 09:00 to 17:00
09:00 in main
17:00 out main
corrected to absent
corrected to present
=> present; came 09:00; left 17:00; worked 8 h; corrections 1 and 2

# A correction to absent clears the hours and keeps the evidence
shift 09:00 to 17:00
09:00 in main
17:00 out main
corrected to absent
=> absent; by manual; hours not known; seen 09:00 in main, 17:00 out main

# A correction to excused is staff's excuse
shift 09:00 to 17:00
corrected to excused note doctor
=> excused by staff; note doctor

# A note alone changes nothing else
shift 09:00 to 17:00
09:30 in main
17:00 out main
corrected note bus strike
=> present; late 30 min; by face; note bus strike; correction 1

# A note alone decides nothing
shift 09:00 to 17:00
synced until 12:00
corrected note asked by phone
=> pending; undecided; note asked by phone

# A corrected exit keeps the lunch outside, where every pair counts
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 out main
13:00 in main
corrected last out 17:00
=> worked 7 h; left 17:00; no problem

# A corrected arrival closes the gap of an exit that nobody entered for
shift 09:00 to 17:00
every pair counts
12:00 out main
13:00 in main
17:00 out main
corrected first in 09:00
=> worked 7 h; came 09:00; no problem

# A corrected early exit drops the pairs after it
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 out main
13:00 in main
17:00 out main
corrected last out 11:00
=> worked 2 h; left 11:00

# A mark decides what the doors could not
shift 09:00 to 17:00
half a day below 4 h
blind main
marked present from 09:00 until 12:00
=> decided; half a day; worked 3 h

# Who was marked in a session of another group keeps that mark to that session
lecture A 09:00 to 10:30
marked present
lecture B 11:00 to 12:30 for group 2
=> A: present
=> B: absent
# Times beside an absent are forgotten
shift 09:00 to 17:00
09:30 in main
17:00 out main
corrected to absent first in 08:00
corrected to present
=> present; came 09:30

# A corrected arrival at the second of a pass replaces it
shift 09:00 to 17:00
every pair counts
09:00 in main
12:00 out main
13:00 in main
corrected first in 09:00 last out 12:00
=> worked 3 h; came 09:00; left 12:00; no problem
# A later correction of the exit keeps the corrected arrival
shift 09:00 to 17:00
corrected first in 09:10
corrected last out 16:50
=> late 10 min; came 09:10; left 16:50; worked 7 h 40 min; no problem
""")
def test_staff(case: Case) -> None:
    case.check()


@table("""
# Withdrawing a correction brings back what was seen
shift 09:00 to 17:00
09:30 in main
17:00 out main
corrected first in 09:00
=> in time; came 09:00; correction 1

# Withdrawing a mark brings back that nobody was seen
shift 09:00 to 17:00
marked present
=> present; mark 1
""")
def test_what_staff_withdraw_leaves_no_trace(case: Case) -> None:
    case.check()
    facts = case.told.facts()
    withdrawn = replace(facts, marks=frozenset(), corrections=frozenset())
    case.told.marks.clear()
    case.told.corrections.clear()
    assert derive(facts) != derive(withdrawn) == derive(case.told.facts())
    assert not any(record.mark or record.corrections or record.method is Method.MANUAL for record in derive(withdrawn).sessions)
