"""The cases themselves are checked: a wrong expectation fails, a line that says nothing fails, and no sentence stands twice."""

from importlib import import_module

import pytest

from tests.attendance.rules.cases import Case, read

SUBJECTS = ("clock_changes", "coverage", "exits", "lateness", "nights", "people", "staff", "visits")
LATE = """
# Ten minutes late
shift 09:00 to 17:00
area lab
09:10 in main
17:00 out main
=> {}
"""


@pytest.mark.parametrize("right", ["present; late 10 min; came 09:10", "no visits", "day 09:10 to 17:00, 2 passes, 28200 s"])
def test_a_right_expectation_holds(right: str) -> None:
    read(LATE.format(right))[0].check()


@pytest.mark.parametrize(
    "wrong", ["absent", "late 9 min", "perhaps late 10 min", "left 16:59", "no record", "visit 09:10 to 17:00", "day off", "present; x"]
)
def test_a_wrong_expectation_fails(wrong: str) -> None:
    case = read(LATE.format(wrong))[0]
    with pytest.raises(AssertionError):
        case.check()


@pytest.mark.parametrize("line", ["09:10 through main", "9:10 in main", "shift 09:00", "lunch"])
def test_a_line_that_says_nothing_fails(line: str) -> None:
    with pytest.raises(AssertionError, match="nobody understands"):
        read(f"# One\n{line}\n=> present")


def test_a_case_that_expects_nothing_fails() -> None:
    with pytest.raises(AssertionError, match="expects something"):
        read("# Nothing\nshift 09:00 to 17:00")[0].check()


def test_there_are_more_than_eighty_cases_and_no_sentence_stands_twice() -> None:
    sentences = [case.sentence for subject in SUBJECTS for case in cases_of(f"tests.attendance.rules.test_{subject}")]
    assert len(sentences) >= 80
    assert len(set(sentences)) == len(sentences)


def cases_of(module: str) -> list[Case]:
    tests = [one for name, one in vars(import_module(module)).items() if name.startswith("test_")]
    return [case for test in tests for mark in test.pytestmark for case in mark.args[1]]
