"""Reading second looks, as far as the caller may see, and what became of them."""

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When

from server.core.permissions import Scope
from server.people.selectors import people_visible
from server.sightings.models import SecondLook, SecondLookVerdict
from server.sightings.second_look import Difference, Verdict


class State(TextChoices):
    """AGREES: it names whom the sighting counts for already. OPEN: it names somebody else, and staff have not decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    AGREES = "agrees"
    SUPERSEDED = "superseded"


def second_looks_visible(*, user: object, scope: Scope) -> QuerySet[SecondLook]:
    """Everybody's, or those that are about people the caller may see and about nobody else."""
    found = with_state(SecondLook.objects.select_related("person", "sighting__person", "sighting__counts_for", "sighting__door__site"))
    found = found.select_related("sighting__crop", "sighting__node", "sighting__record").prefetch_related("verdicts__by")
    if scope is Scope.ALL:
        return found
    if scope is Scope.NONE:
        return found.none()
    people = people_visible(user=user, scope=scope)
    named = Q(person__isnull=True) | Q(person__in=people)
    return found.filter(named, sighting__counts_for__in=people)


def with_state(looks: QuerySet[SecondLook]) -> QuerySet[SecondLook]:
    """Adds `state`, one of State."""
    verdict = SecondLookVerdict.objects.filter(second_look=OuterRef("pk")).order_by("-id").values("verdict")[:1]
    later = SecondLook.objects.filter(sighting=OuterRef("sighting"), pk__gt=OuterRef("pk"))
    same_person = Q(person=F("sighting__counts_for")) | Q(person__isnull=True, sighting__counts_for__isnull=True)
    decided = looks.annotate(newest_verdict=Subquery(verdict), is_superseded=Exists(later))
    return decided.annotate(
        state=Case(
            When(newest_verdict=Verdict.ACCEPTED, then=Value(State.ACCEPTED.value)),
            When(newest_verdict=Verdict.DISMISSED, then=Value(State.DISMISSED.value)),
            When(is_superseded=True, then=Value(State.SUPERSEDED.value)),
            When(Q(difference=Difference.SAME) | same_person, then=Value(State.AGREES.value)),
            default=Value(State.OPEN.value),
            output_field=CharField(),
        )
    )


def open_second_looks(looks: QuerySet[SecondLook]) -> QuerySet[SecondLook]:
    """Those that staff should look at. The first condition is what the index knows."""
    return looks.exclude(difference=Difference.SAME).filter(Q(state=State.OPEN))
