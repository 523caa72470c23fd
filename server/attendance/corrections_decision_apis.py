"""Deciding about corrections: approve, reject, undo; one or many at once."""

from typing import ClassVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from server.attendance import corrections
from server.attendance.correction_models import CorrectionState
from server.attendance.corrections import Verdict
from server.attendance.corrections_apis import CorrectionView, account_of
from server.attendance.corrections_selectors import corrections_to_decide
from server.attendance.corrections_serializers import (
    CorrectionSerializer,
    ManyApprovedSerializer,
    ManyRejectedSerializer,
    NeededReasonSerializer,
    ReasonSerializer,
)
from server.core.errors import NotFound
from server.core.etags import IF_MATCH
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses

REASON = OpenApiExample("A reason", request_only=True, value={"reason": "The receptionist remembers it."})


class _Deciding(CorrectionView):
    resource = Resource.CORRECTION_DECISIONS
    decides: ClassVar[bool] = True

    def said(self, request: Request, serializer: type[Serializer[object]]) -> dict[str, object]:
        body = serializer(data=request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def decide(self, request: Request, verdict: Verdict, reason: str) -> Response:
        with transaction.atomic():
            rows = [self.matching(request)]
            corrections.corrections_decide(corrections=rows, verdict=verdict, reason=reason, by=account_of(request), now=timezone.now())
        return self.told(rows[0].pk)


@refuses(post=(409, 412))
class ApproveCorrectionApi(_Deciding):
    """The wish is laid over the record. Nobody approves their own request but an administrator."""

    @extend_schema(request=ReasonSerializer, responses=CorrectionSerializer, parameters=[IF_MATCH], examples=[REASON])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return self.decide(request, CorrectionState.APPROVED, str(self.said(request, ReasonSerializer)["reason"]))


@refuses(post=(409, 412))
class RejectCorrectionApi(_Deciding):
    """The record stays as it is; say why."""

    @extend_schema(request=NeededReasonSerializer, responses=CorrectionSerializer, parameters=[IF_MATCH], examples=[REASON])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return self.decide(request, CorrectionState.REJECTED, str(self.said(request, NeededReasonSerializer)["reason"]))


@refuses(post=(409, 412))
class UndoCorrectionApi(_Deciding):
    """Take an approved correction away again; say why."""

    @extend_schema(request=NeededReasonSerializer, responses=CorrectionSerializer, parameters=[IF_MATCH], examples=[REASON])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        reason = str(self.said(request, NeededReasonSerializer)["reason"])
        with transaction.atomic():
            row = self.matching(request)
            corrections.correction_undo(correction=row, reason=reason, by=account_of(request), now=timezone.now())
        return self.told(row.pk)


class _Many(_Deciding):
    pagination_class = None
    verdict: Verdict

    def decide_many(self, request: Request, given: dict[str, object]) -> Response:
        wanted = set(given["corrections"])  # type: ignore[call-overload]  # a list of UUIDs
        scope = scope_of_request(request, self.resource)
        rows = list(corrections_to_decide(user=request.user, scope=scope).filter(uuid__in=wanted))
        if missing := wanted - {row.uuid for row in rows}:
            errors = {str(uuid): ["There is no such correction here."] for uuid in sorted(missing)}
            raise NotFound("not_found", f"Nothing was decided: {len(missing)} of {len(wanted)} are not here.", errors=errors)
        corrections.corrections_decide(
            corrections=rows, verdict=self.verdict, reason=str(given["reason"]), by=account_of(request), now=timezone.now()
        )
        decided = corrections_to_decide(user=request.user, scope=scope).filter(pk__in=[row.pk for row in rows])
        return Response(CorrectionSerializer(list(decided.order_by("pk")), many=True).data)


@refuses(post=(404, 409))
class ApproveCorrectionsApi(_Many):
    """Approve many, all or none; `errors` says by id what stands against each."""

    verdict: Verdict = CorrectionState.APPROVED

    @extend_schema(operation_id="corrections_approve_many", request=ManyApprovedSerializer, responses=CorrectionSerializer(many=True))
    def post(self, request: Request) -> Response:
        return self.decide_many(request, self.said(request, ManyApprovedSerializer))


@refuses(post=(404, 409))
class RejectCorrectionsApi(_Many):
    """Reject many, all or none; say why."""

    verdict: Verdict = CorrectionState.REJECTED

    @extend_schema(operation_id="corrections_reject_many", request=ManyRejectedSerializer, responses=CorrectionSerializer(many=True))
    def post(self, request: Request) -> Response:
        return self.decide_many(request, self.said(request, ManyRejectedSerializer))
