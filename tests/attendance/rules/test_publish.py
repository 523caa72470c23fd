"""Publishing: what is sealed stays as it is, and where it is wrong is told exactly."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.attendance.rules.derive import derive
from server.attendance.rules.facts import DayFacts
from server.attendance.rules.publish import publish
from server.attendance.rules.records import SessionRecord
from tests.attendance.rules.strategies import facts

Records = dict[int, str]
records = st.dictionaries(st.integers(1, 6), st.sampled_from("abc"))
keys = st.frozensets(st.integers(1, 6))


def test_an_unsealed_record_changes_appears_and_vanishes() -> None:
    told = publish({1: "new", 2: "came"}, {1: "old", 3: "gone"}, sealed=frozenset())
    assert told.records == {1: "new", 2: "came"}
    assert told.discrepancies == {}


def test_a_sealed_record_stays_and_the_difference_is_told() -> None:
    told = publish({1: "new", 2: "came", 4: "same"}, {1: "old", 3: "gone", 4: "same"}, sealed={1, 2, 3, 4})
    assert told.records == {1: "old", 3: "gone", 4: "same"}
    assert told.discrepancies == {1: ("old", "new"), 2: (None, "came"), 3: ("gone", None)}


@given(records, records, keys)
def test_a_sealed_record_never_changes(derived: Records, published: Records, sealed: frozenset[int]) -> None:
    told = publish(derived, published, sealed).records
    assert {key: told.get(key) for key in sealed} == {key: published.get(key) for key in sealed}


@given(records, records, keys)
def test_discrepancies_are_exactly_the_difference(derived: Records, published: Records, sealed: frozenset[int]) -> None:
    told = publish(derived, published, sealed)
    everywhere = derived.keys() | published.keys()
    different = {key: (told.records.get(key), derived.get(key)) for key in everywhere if told.records.get(key) != derived.get(key)}
    assert told.discrepancies == different
    assert told.discrepancies.keys() <= sealed


@given(records, records, keys)
def test_publishing_again_changes_nothing(derived: Records, published: Records, sealed: frozenset[int]) -> None:
    once = publish(derived, published, sealed)
    assert publish(derived, once.records, sealed) == once


@given(records, records, keys)
def test_lifting_the_seal_tells_what_is_derived(derived: Records, published: Records, sealed: frozenset[int]) -> None:
    once = publish(derived, published, sealed)
    lifted = publish(derived, once.records, sealed=frozenset())
    assert (lifted.records, lifted.discrepancies) == (derived, {})


@given(some=facts, random=st.randoms(use_true_random=False), sealed=st.booleans())
@settings(max_examples=100, deadline=None)
def test_late_evidence_changes_an_open_day_and_only_raises_discrepancies_in_a_sealed_one(
    some: DayFacts, random: Any, *, sealed: bool
) -> None:
    passes = sorted(some.passes)
    random.shuffle(passes)
    before = of_sessions(replace(some, passes=frozenset(passes[: len(passes) // 2])))
    after = of_sessions(some)
    told = publish(after, before, sealed=before.keys() | after.keys() if sealed else frozenset())
    assert told.records == (before if sealed else after)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert told.discrepancies.keys() == (changed if sealed else set())


def of_sessions(some: DayFacts) -> dict[int, SessionRecord]:
    return {one.session: one for one in derive(some).sessions}
