"""Makes the facts of a disagreement few, so that a person can read them."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from server.attendance.rules.facts import DayFacts, SessionFact
from server.schedules.terms import Terms

Disagrees = Callable[[DayFacts], bool]


def shrunk(facts: DayFacts, disagrees: Disagrees) -> DayFacts:
    """The same disagreement with nothing left that could be left out."""
    smaller: DayFacts | None = facts
    while smaller is not None:
        facts = smaller
        smaller = next((one for one in simpler(facts) if disagrees(one)), None)
    return facts


def with_other(facts: DayFacts, name: str, value: object) -> DayFacts:
    changed: dict[str, Any] = {name: value}
    return replace(facts, **changed)


def simpler(facts: DayFacts) -> Iterator[DayFacts]:
    for one in fields(facts):
        value = getattr(facts, one.name)
        if isinstance(value, frozenset):
            for item in sorted(value, key=repr):
                yield with_other(facts, one.name, value - {item})
    for session in sorted(facts.sessions, key=lambda one: one.key):
        for plainer in simpler_sessions(session):
            yield replace(facts, sessions=(facts.sessions - {session}) | {plainer})
    for name in ("active_from", "active_until"):
        if getattr(facts, name) is not None:
            yield with_other(facts, name, None)
    plain = DayFacts(facts.person, facts.site, facts.local_date, facts.zone, facts.day_cut)
    if facts.open_day != plain.open_day:
        yield replace(facts, open_day=plain.open_day)


def simpler_sessions(session: SessionFact) -> Iterator[SessionFact]:
    usual = Terms()
    for one in fields(session.terms):
        if getattr(session.terms, one.name) != getattr(usual, one.name):
            yield replace(session, terms=replace(session.terms, **{one.name: getattr(usual, one.name)}))
    for serving in sorted(session.serving):
        yield replace(session, serving=session.serving - {serving})
    for rest in sorted(session.breaks):
        yield replace(session, breaks=session.breaks - {rest})
    if session.given_up:
        yield replace(session, given_up=False)
