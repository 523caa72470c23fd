"""What a second look says beside the node, and why it was made. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices


class Difference(TextChoices):
    """What a second look says beside the node. Only names are compared: neither an unknown nor an unsure pass names anybody."""

    SAME = "same"
    NAMED = "named"
    UNNAMED = "unnamed"
    RENAMED = "renamed"


class Reason(TextChoices):
    """Why the answer is another one, as far as the rows tell; *asked* when it is none."""

    ASKED = "asked"
    LATE_ENROLMENT = "late_enrolment"
    NEW_SAMPLE = "new_sample"
    PERSON_MERGED = "person_merged"
    PERSON_LEFT = "person_left"
    BAR_CHANGED = "bar_changed"
    GALLERY_CHANGED = "gallery_changed"


class Verdict(TextChoices):
    """What staff made of a second look. UNDONE takes the one before back."""

    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about the people of both answers. `sampled_at`: when samples of the person named now were added."""

    captured_at: datetime
    merged: bool
    left: bool
    sampled_at: Sequence[datetime]
    bar_moved: bool


def difference_of(node: int | None, server: int | None) -> Difference:
    """By the people named, None for nobody."""
    if node == server:
        return Difference.SAME
    if node is None:
        return Difference.NAMED
    return Difference.UNNAMED if server is None else Difference.RENAMED


def reason_of(known: Circumstances) -> Reason:
    """The first that applies: what happened to the person the node named, then to the one named now, then to the bars."""
    if known.merged:
        return Reason.PERSON_MERGED
    if known.left:
        return Reason.PERSON_LEFT
    later = [at > known.captured_at for at in known.sampled_at]
    if later and all(later):
        return Reason.LATE_ENROLMENT
    if any(later):
        return Reason.NEW_SAMPLE
    return Reason.BAR_CHANGED if known.bar_moved else Reason.GALLERY_CHANGED
