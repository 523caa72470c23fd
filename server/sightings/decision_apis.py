"""Staff decide about sightings, one or many, and take it back."""

from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.accounts.models import User
from server.core.csv_lists import Columns, CsvList
from server.core.errors import NotFound, Rejected
from server.core.pagination import ordered_by
from server.core.permissions import Resource, Scope, Verb, scope_for, scope_of_request
from server.core.schema import refuses
from server.people.models import Person
from server.people.selectors import people_visible
from server.sightings.decision_models import Decision, SightingDecision
from server.sightings.decision_serializers import (
    BatchSerializer,
    DecidedSerializer,
    DecideManySerializer,
    DecideSerializer,
    DecisionSerializer,
    UndoneSerializer,
)
from server.sightings.decisions import Ruling, batch_undo, decision_undo, sightings_decide
from server.sightings.models import Sighting
from server.sightings.selectors import sightings_visible

WHO = "a6f9b7f2-6b0c-4a44-9f3e-0d6c2d0f8a11"
ASSIGN = OpenApiExample("It was this person", request_only=True, value={"decision": "assign", "person": WHO, "note": "seen at the desk"})
REJECT = OpenApiExample("It was not who it counts for", request_only=True, value={"decision": "reject"})
MANY = OpenApiExample("Nobody of ours", request_only=True, value={"decision": "ignore", "sightings": [WHO]})

DECISION_COLUMNS: Columns = (
    ("id", "uuid"), ("decision", "decision"), ("person", "person.name"), ("person_id", "person.uuid"), ("note", "note"),
    ("by", "by.username"), ("at", "at"), ("undone_by", "undone_by.username"), ("undone_at", "undone_at"),
)  # fmt: skip


def account_of(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def person_named(request: Request, uuid: UUID | None) -> Person | None:
    """Whom a body names, also somebody merged or erased: that is refused in words of its own. Raises Rejected: no_such_person."""
    if uuid is None:
        return None
    scope = scope_for(request.user, Resource.PEOPLE, Verb.VIEW)
    people = Person.objects.all() if scope is Scope.ALL else people_visible(user=request.user, scope=scope)
    found = people.select_related("merged_into").filter(uuid=uuid).first()
    if found is None:
        raise Rejected("no_such_person", "There is no such person here.", errors={"person": ["There is no such person here."]})
    return found


class _Decisions(GenericAPIView[SightingDecision]):
    resource = Resource.SIGHTING_DECISIONS
    serializer_class = DecisionSerializer
    queryset = SightingDecision.objects.none()

    def sightings(self) -> QuerySet[Sighting]:
        return sightings_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))

    def sighting(self) -> Sighting:
        found = self.sightings().filter(uuid=self.kwargs["id"]).first()
        if found is None:
            raise NotFound("not_found", "There is no such sighting here.")
        return found

    def get_queryset(self) -> QuerySet[SightingDecision]:
        if getattr(self, "swagger_fake_view", False):
            return SightingDecision.objects.none()
        return SightingDecision.objects.filter(sighting=self.sighting()).select_related("person", "by", "undone_by")

    def ruling(self, said: dict[str, object], batch: UUID | None = None) -> Ruling:
        uuid = said["person"]
        person = person_named(self.request, uuid if isinstance(uuid, UUID) else None)
        return Ruling(Decision(str(said["decision"])), person, str(said["note"]), batch)


@refuses(post=(409, 422))
class SightingDecisionsApi(CsvList, _Decisions, ListAPIView[SightingDecision]):
    """What staff decided about a sighting, newest first; undone decisions stay in the list."""

    pagination_class = ordered_by("-id")
    csv_name, csv_columns = "decisions", DECISION_COLUMNS

    @extend_schema(request=DecideSerializer, responses={201: DecisionSerializer, 200: DecisionSerializer}, examples=[ASSIGN, REJECT])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        """Decide: 201, or 200 when that stands already."""
        body = DecideSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sighting, now = self.sighting(), timezone.now()
        ruling = self.ruling(body.validated_data)
        decision = sightings_decide(sightings=[sighting.pk], ruling=ruling, by=account_of(request), now=now)[sighting.pk]
        found = self.get_queryset().get(pk=decision.pk)
        return Response(DecisionSerializer(found).data, status=201 if found.at == now else 200)


@refuses(post=(409,))
class SightingDecisionUndoApi(_Decisions):
    """What stood before the decision stands again. Doing it twice changes nothing."""

    @extend_schema(request=None, responses=DecisionSerializer)
    def post(self, request: Request, id: UUID, decision: UUID) -> Response:  # noqa: A002  (the name in the address)
        found = self.get_queryset().filter(uuid=decision).first()
        if found is None:
            raise NotFound("not_found", "There is no such decision about this sighting.")
        decision_undo(decision=found, by=account_of(request), now=timezone.now())
        return Response(DecisionSerializer(self.get_queryset().get(pk=found.pk)).data)


@refuses(post=(404, 409, 422))
class DecideManyApi(_Decisions):
    """One decision about several sightings: all of them, or none when one is refused."""

    @extend_schema(operation_id="sightings_decide_many", request=DecideManySerializer, responses=DecidedSerializer, examples=[MANY])
    def post(self, request: Request) -> Response:
        body = DecideManySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted, batch = set(body.validated_data["sightings"]), uuid4()
        found = list(self.sightings().filter(uuid__in=wanted).values_list("pk", flat=True))
        if len(found) != len(wanted):
            raise NotFound("not_found", f"{len(wanted) - len(found)} of these sightings are not here; load the list again.")
        ruling = self.ruling(body.validated_data, batch)
        decisions = sightings_decide(sightings=found, ruling=ruling, by=account_of(request), now=timezone.now())
        decided = sum(decision.batch == batch for decision in decisions.values())
        return Response({"batch": str(batch), "decided": decided, "unchanged": len(found) - decided})


@refuses(post=(404, 409))
class UndoManyApi(_Decisions):
    """Take back what was decided about several sightings at once, as far as it stands."""

    @extend_schema(operation_id="sightings_undo_many", request=BatchSerializer, responses=UndoneSerializer)
    def post(self, request: Request) -> Response:
        body = BatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response({"undone": batch_undo(batch=body.validated_data["batch"], by=account_of(request), now=timezone.now())})
