"""What the rules would make of a wish, so that whoever decides sees hours and lateness too. Nothing is written."""

from dataclasses import replace

from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.corrections_values import FIELDS, Values, changes_of
from server.attendance.facts_of import day_facts_of
from server.attendance.publishing_rows import json_of
from server.attendance.rules.derive import derive
from server.attendance.rules.facts import CorrectionFact, DayFacts


def computed_for(row: Correction) -> Values | None:
    """The record as it would be with an open request laid over it, in JSON; None where that cannot be said, or need not."""
    if row.state != CorrectionState.REQUESTED:
        return None
    found = day_facts_of(site=row.session.site, days=[row.session.local_date], people=[row.person_id])
    for facts in found:
        for record in derive(_with(row, facts)).sessions:
            if record.session == row.session_id:
                told = json_of(record) or {}
                return {name: told.get(name) for name in FIELDS}
    return None


def _with(row: Correction, facts: DayFacts) -> DayFacts:
    """The facts with this wish as the newest approved one."""
    wish = changes_of(row)
    newest = 1 + max((fact.key for fact in facts.corrections), default=0)
    laid = CorrectionFact(newest, row.session_id, wish.state, wish.first_in, wish.last_out, wish.note)
    return replace(facts, corrections=facts.corrections | {laid})
