from dataclasses import replace

import pytest

from server.core.errors import Rejected
from server.schedules.term_schema import schema_of
from server.schedules.term_values import terms_read, terms_values
from server.schedules.terms import AreaTerms, AutoClose, ForgottenExit, Mode, OpenDayTerms, Terms


def test_terms_that_are_not_given_stay() -> None:
    base = Terms(before_s=60, exits_expected=True)
    read = terms_read({"mode": "pairs", "late_grace_s": None, "forgotten_exit": "nothing"}, base)
    assert read == replace(base, mode=Mode.PAIRS, late_grace_s=None, forgotten_exit=ForgottenExit.NOTHING)
    assert isinstance(read.mode, Mode)


@pytest.mark.parametrize("terms", [Terms(), Terms(Mode.PAIRS, half_day_below_s=7200, absent_below_s=7200), AreaTerms(), OpenDayTerms()])
def test_what_is_written_down_reads_as_the_same(terms: Terms | AreaTerms | OpenDayTerms) -> None:
    assert terms_read(terms_values(terms), type(terms)()) == terms  # type: ignore[type-var]
    assert terms_read({"auto_close": "day_cut"}, AreaTerms()).auto_close is AutoClose.DAY_CUT


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"late": 5}, "no term called late"),
        ({"late_grace_s": -1}, "from 0 to 86400, or null"),
        ({"late_grace_s": "5"}, "whole seconds"),
        ({"late_grace_s": 5.0}, "whole seconds"),
        ({"late_grace_s": True}, "whole seconds"),
        ({"before_s": None}, "from 0 to 21600."),
        ({"before_s": 10**30}, "from 0 to 21600"),
        ({"mode": "both"}, "first_last, pairs"),
        ({"mode": ["pairs"]}, "first_last, pairs"),
        ({"mode": None}, "first_last, pairs"),
        ({"overtime": 1}, "true or false"),
        ({"overtime": "true"}, "true or false"),
        ({"half_day_below_s": 3600, "absent_below_s": 7200}, "at most half_day_below_s"),
        ({"max_s": 60}, "no term called max_s"),
        ({"\u0000": 1}, "no term called"),
        ([], "an object of names and values"),
        ("late_grace_s", "an object of names and values"),
        (None, "an object of names and values"),
    ],
)
def test_terms_that_are_wrong_are_refused_in_a_sentence(values: object, said: str) -> None:
    with pytest.raises(Rejected) as refused:
        terms_read(values, Terms())
    assert any(said in sentence for sentences in refused.value.errors.values() for sentence in sentences)


def test_the_description_knows_every_term_and_no_other() -> None:
    described = schema_of(Terms())
    assert described["properties"].keys() == terms_values(Terms()).keys()  # type: ignore[attr-defined]
    assert described["additionalProperties"] is False
