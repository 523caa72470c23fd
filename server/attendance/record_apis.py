"""One record with its evidence and its changes, and the sheet of a session."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from server.attendance.columns import CHANGE_COLUMNS, SHEET_COLUMNS
from server.attendance.evidence import evidence_of
from server.attendance.models import AttendanceRecord
from server.attendance.publishing_rows import session_key
from server.attendance.record_serializers import EvidenceSerializer, RecordChangeSerializer, RecordSerializer, SheetSerializer
from server.attendance.seal_models import RecordChange
from server.attendance.selectors import attendance_visible
from server.attendance.serializers import AttendanceSerializer
from server.attendance.sheets import SHOWN, session_sheet
from server.core.answers import said
from server.core.csv_lists import CsvList, attachment, csv_text, wants_csv
from server.core.errors import NotFound
from server.core.etags import IF_NONE_MATCH, etag, is_known
from server.core.pagination import ordered_by
from server.core.permissions import Resource, Scope, Verb, scope_for, scope_of_request
from server.people.selectors import people_visible
from server.schedules.models import Session
from server.schedules.selectors import sessions_visible


class _Record(GenericAPIView[Any]):
    resource = Resource.ATTENDANCE
    queryset: QuerySet[Any] | None = AttendanceRecord.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def record(self) -> AttendanceRecord:
        """That of the address. Raises NotFound, also where the caller may not see it."""
        visible = attendance_visible(user=self.request.user, scope=scope_of_request(self.request, self.resource))
        found = visible.filter(uuid=self.kwargs["id"]).first()
        if found is None:
            raise NotFound("not_found", "There is no such record here.")
        return found


@extend_schema_view(get=extend_schema(parameters=[IF_NONE_MATCH], responses={200: RecordSerializer, 304: None}))
class AttendanceRecordApi(_Record, RetrieveAPIView[Any]):
    """One record with the passes it rests on. Its ETag is its version, which rises with every change of it."""

    serializer_class = RecordSerializer

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        record = self.record()
        headers = {"ETag": etag(record.version), "Cache-Control": "private, no-cache"}
        if is_known(request, record.version):
            return Response(status=304, headers=headers)
        crops = scope_for(request.user, Resource.CROPS, Verb.VIEW) is not Scope.NONE
        seen = scope_for(request.user, Resource.SIGHTINGS, Verb.VIEW) is not Scope.NONE
        evidence = evidence_of(record.evidence, with_crops=crops) if seen else []
        told = [EvidenceSerializer(item).data for item in evidence]
        return Response({**AttendanceSerializer(record).data, "evidence": told}, headers=headers)


class RecordChangesApi(CsvList, _Record, ListAPIView[Any]):
    """How a record came to be what it is: every change with why, newest first."""

    queryset = RecordChange.objects.none()
    serializer_class = RecordChangeSerializer
    pagination_class = ordered_by("-id")
    csv_name, csv_columns = "changes", CHANGE_COLUMNS

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return RecordChange.objects.none()
        record = self.record()
        key = session_key(session=record.session_id, person=record.person_id)
        return RecordChange.objects.filter(subject=key.subject, key=key.name)


class SessionSheetApi(CsvList, GenericAPIView[Any]):
    """Everybody who is or was expected at a session, with the record as far as there is one, and until when its doors are known."""

    resource = Resource.ATTENDANCE
    queryset = Session.objects.none()
    serializer_class = SheetSerializer
    pagination_class = None
    csv_name, csv_columns = "session-sheet", SHEET_COLUMNS

    @extend_schema(responses=SheetSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        scope = scope_of_request(request, Resource.SESSIONS)
        session = sessions_visible(user=request.user, scope=scope).filter(uuid=id).prefetch_related(None).first()
        if session is None:
            raise NotFound("not_found", "There is no such session here.")
        people = people_visible(user=request.user, scope=scope_of_request(request, self.resource)).only(*SHOWN)
        sheet = session_sheet(session, people=people, now=timezone.now())
        if wants_csv(request):
            rows = [(session, row) for row in sheet.rows]
            return Response(csv_text(self.csv_columns, rows), headers=attachment(f"{self.csv_name}.csv"))
        return Response(said(SheetSerializer, sheet))
