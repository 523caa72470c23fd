"""Why something is derived again. Marks carry the word to the records they change."""

from django.db.models import TextChoices


class Why(TextChoices):
    """SIGHTING: a pass arrived. Where it arrives after the record was decided, the record's change calls it late evidence."""

    SIGHTING = "sighting"
    LATE_EVIDENCE = "late_evidence"
    DECISION = "decision"
    MARK = "mark"
    CORRECTION = "correction"
    COVERAGE = "coverage"
    WAITED = "waited"
    CLOCK = "clock"
    PLACE = "place"
    SCHEDULE = "schedule"
    MEMBERSHIP = "membership"
    LEAVE = "leave"
    HOLIDAY = "holiday"
    RULE = "rule"
    UNSEALED = "unsealed"
    REBUILD = "rebuild"
