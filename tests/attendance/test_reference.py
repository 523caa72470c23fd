"""The rules and an independent, slow reference of them say the same about random histories."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pprint import pformat

import pytest

from server.attendance.rules.derive import derive
from server.attendance.rules.facts import DayFacts
from server.attendance.rules.records import Derived
from tests.attendance.histories import history
from tests.attendance.reference import reference
from tests.attendance.shrinking import shrunk

Rules = Callable[[DayFacts], Derived]
FEW, MANY, BATCH = 400, 20_000, 500


def disagreements(seeds: Iterable[int], rules: Rules = derive) -> list[int]:
    return [seed for seed in seeds if rules(history(seed)) != reference(history(seed))]


def disagreements_of_batch(first: int) -> list[int]:
    return disagreements(range(first, first + BATCH))


def explained(seed: int) -> str:
    facts = shrunk(history(seed), lambda one: derive(one) != reference(one))
    return f"seed {seed}\n{pformat(facts)}\nrules:     {pformat(derive(facts))}\nreference: {pformat(reference(facts))}"


def test_the_rules_agree_with_the_reference_on_hundreds_of_histories() -> None:
    differing = disagreements(range(FEW))
    assert not differing, explained(differing[0])


def test_a_seed_means_the_same_history_in_every_process() -> None:
    program = "from tests.attendance import histories, reference; print([reference.reference(histories.history(s)) for s in range(40)])"
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.slow
def test_the_rules_agree_with_the_reference_on_twenty_thousand_histories() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        differing = [seed for batch in workers.map(disagreements_of_batch, range(FEW, FEW + MANY, BATCH)) for seed in batch]
    assert not differing, f"{len(differing)} differ; the first: {explained(differing[0])}"


def test_a_reference_of_other_rules_disagrees() -> None:
    """The control: whoever forgets the last pass of a day is found out."""

    def forgetful(facts: DayFacts) -> Derived:
        last = max((one.at for one in facts.passes), default=None)
        return derive(replace(facts, passes=frozenset(one for one in facts.passes if one.at != last)))

    assert len(disagreements(range(100), forgetful)) > 30


def test_a_disagreement_is_shrunk_to_what_makes_it() -> None:
    facts = next(one for one in map(history, range(100)) if len(one.passes) > 5 and one.sessions)
    wanted = max(facts.passes)
    small = shrunk(facts, lambda one: wanted in one.passes)
    assert small.passes == {wanted}
    assert not small.sessions
    assert not small.covered


def test_the_histories_meet_every_answer_the_rules_can_give() -> None:
    met: Counter[str] = Counter()
    for seed in range(2 * FEW):
        derived = reference(history(seed))
        for record in derived.sessions:
            met.update((record.state, *record.problems, f"{record.method}", f"{record.excuse}"))
            met.update(
                name for name in ("late_uncertain", "early_uncertain", "half_day", "late_by_s", "left_early_by_s") if getattr(record, name)
            )
        for visit in derived.visits:
            met.update((f"visit {visit.state}", *visit.problems))
        met["day"] += derived.day is not None
    expected = {
        *("pending", "present", "absent", "excused", "not_covered", "no_exit", "exit_without_entry", "entered_twice", "too_short"),
        *("on_leave", "on_holiday", "face", "kiosk", "manual", "leave", "holiday", "staff", "late_uncertain", "early_uncertain"),
        *("half_day", "late_by_s", "left_early_by_s", "visit closed", "visit open", "visit auto_closed", "visit exit_only", "day"),
    }
    assert {name for name in expected if not met[name]} == set()
