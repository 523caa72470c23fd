"""Corrections: ask for one, list and read them, withdraw, comment, attach papers."""

from typing import ClassVar
from uuid import UUID

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from server.accounts.models import User
from server.attendance import corrections, corrections_attachments
from server.attendance.correction_models import Correction, CorrectionState
from server.attendance.corrections_attachments import KINDS, MAX_BYTES, Paper
from server.attendance.corrections_selectors import (
    attachments_visible,
    corrections_to_decide,
    corrections_visible,
    may_decide,
    may_open_papers,
    sessions_to_speak_of,
)
from server.attendance.corrections_serializers import (
    AttachmentSerializer,
    AttachmentUploadSerializer,
    CommentSerializer,
    CorrectionRequestSerializer,
    CorrectionSerializer,
)
from server.core.csv_lists import Columns, CsvList, at_site
from server.core.errors import Forbidden, NotFound, TooLarge
from server.core.etags import IF_MATCH, etag, require_match
from server.core.filters import MomentFilter
from server.core.pagination import ordered_by
from server.core.permissions import Resource, Scope, scope_of_request
from server.core.schema import refuses
from server.people.selectors import people_visible, person_get

EXAMPLE = OpenApiExample(
    "A forgotten exit",
    request_only=True,
    value={
        "person": "7d1e4f5a-3f43-4f5e-9c7e-2f6b1c0f3a11",
        "session": "0b9d3a52-8a3e-4b57-8f7b-5a1d9a7f2c22",
        "last_out": "2026-11-20T17:02:00+01:00",
        "reason": "Left through the garage, where there is no camera.",
    },
)


class CorrectionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By state, person and session (UUIDs), and when it was requested: `since` inclusive, `until` exclusive."""

    state = django_filters.ChoiceFilter(choices=CorrectionState.choices)
    person = django_filters.UUIDFilter(field_name="person__uuid")
    session = django_filters.UUIDFilter(field_name="session__uuid")
    since = MomentFilter(field_name="requested_at", lookup_expr="gte")
    until = MomentFilter(field_name="requested_at", lookup_expr="lt")

    class Meta:
        model = Correction
        fields: tuple[str, ...] = ()


def account_of(request: Request) -> User:
    """Whoever passed the matrix has an account."""
    if not isinstance(request.user, User):
        raise Forbidden("no_account", "Sign in with an account of this server.")
    return request.user


class CorrectionView(GenericAPIView[Correction]):
    """Views about one correction that the caller may see."""

    resource = Resource.CORRECTIONS
    serializer_class: type[CorrectionSerializer] = CorrectionSerializer
    queryset = Correction.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    decides: ClassVar[bool] = False

    def get_queryset(self) -> QuerySet[Correction]:
        if getattr(self, "swagger_fake_view", False):
            return Correction.objects.none()
        found = corrections_to_decide if self.decides else corrections_visible
        return found(user=self.request.user, scope=scope_of_request(self.request, self.resource))

    def matching(self, request: Request) -> Correction:
        """The row, locked in the caller's transaction, in the version the caller means."""
        row = self.get_object()
        locked = Correction.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
        require_match(request, locked.version)
        return locked

    def told(self, key: int, status: int = 200) -> Response:
        """The correction as it is now."""
        row = corrections_visible(user=self.request.user, scope=Scope.ALL).get(pk=key)
        return Response(CorrectionSerializer(row).data, status=status, headers={"ETag": etag(row.version)})


@refuses(post=(404, 409, 422))
class CorrectionsApi(CsvList, CorrectionView):
    """Corrections, newest first; POST asks for one, or with `at_once` makes one."""

    filterset_class = CorrectionFilter
    pagination_class = ordered_by("-id")
    csv_name = "corrections"
    csv_columns: Columns = (
        ("date", "session.local_date"),
        ("session", "session.name"),
        ("person", "person.name"),
        ("number", "person.number"),
        ("state", "state"),
        ("to_state", "to_state"),
        ("to_first_in", at_site("to_first_in", "session.site.zone")),
        ("to_last_out", at_site("to_last_out", "session.site.zone")),
        ("to_note", "to_note"),
        ("reason", "reason"),
        ("requested_by", "requested_by.username"),
        ("requested_at", "requested_at"),
        ("decided_by", "decided_by.username"),
        ("decided_at", "decided_at"),
        ("decision_reason", "decision_reason"),
    )

    @extend_schema(responses=CorrectionSerializer(many=True))
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return self.list(request, *args, **kwargs)

    @extend_schema(request=CorrectionRequestSerializer, responses={201: CorrectionSerializer}, examples=[EXAMPLE])
    def post(self, request: Request) -> Response:
        body = CorrectionRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given, scope = body.validated_data, scope_of_request(request, self.resource)
        person = person_get(people_visible(user=request.user, scope=scope), given["person"])
        session = sessions_to_speak_of(user=request.user, scope=scope).filter(uuid=given["session"]).first()
        if session is None:
            raise NotFound("not_found", "There is no such session here.")
        if given["at_once"] and not may_decide(user=request.user, session=session):
            raise Forbidden("cannot_decide", "You can request a correction, but not make it at once; leave out `at_once`.")
        make = corrections.correction_make if given["at_once"] else corrections.correction_request
        row = make(
            person=person,
            session=session,
            changes=body.changes(),
            reason=given["reason"],
            by=account_of(request),
            now=timezone.now(),
        )
        return self.told(row.pk, 201)


class CorrectionApi(CorrectionView):
    """One correction; its diff says what the rules would make of it, and whether the record has changed since."""

    @extend_schema(responses=CorrectionSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        return self.told(self.get_object().pk)


@refuses(post=(409, 412))
class WithdrawCorrectionApi(CorrectionView):
    """Who requested it takes it back."""

    @extend_schema(request=None, responses=CorrectionSerializer, parameters=[IF_MATCH])
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        with transaction.atomic():
            row = corrections.correction_withdraw(correction=self.matching(request), by=account_of(request), now=timezone.now())
        return self.told(row.pk)


@refuses(post=(422,))
class CorrectionCommentsApi(CorrectionView):
    """Write something about a correction."""

    @extend_schema(request=CommentSerializer, responses={201: CommentSerializer})
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        body = CommentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = self.get_object()
        made = corrections.comment_add(correction=row, text=body.validated_data["text"], by=account_of(request), now=timezone.now())
        return Response(CommentSerializer(made).data, status=201)


class PaperRenderer(JSONRenderer):
    """Lets callers ask for any type. The paper itself is sent as it is; only a refusal is rendered, as a problem in JSON."""

    media_type = "*/*"
    format = "paper"


@refuses(post=(409, 422))
class CorrectionAttachmentsApi(CorrectionView):
    """Attach a paper to an open request: PDF, PNG or JPEG, at most 5 MB."""

    parser_classes = (MultiPartParser,)

    @extend_schema(request=AttachmentUploadSerializer, responses={201: AttachmentSerializer})
    def post(self, request: Request, id: UUID) -> Response:  # noqa: A002  (the name in the address)
        row = self.get_object()
        body = AttachmentUploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        file = body.validated_data["file"]
        if file.size > MAX_BYTES:
            raise TooLarge("file_too_large", f"The file is too large; send at most {MAX_BYTES // 1_000_000} MB.")
        paper = Paper(file.name, file.read())
        kept = corrections_attachments.attachment_add(correction=row, paper=paper, by=account_of(request), now=timezone.now())
        return Response(AttachmentSerializer(kept).data, status=201)


class CorrectionAttachmentApi(CorrectionView):
    """A paper as it was sent, for those who decide, who asked, and whom it is about."""

    renderer_classes = (JSONRenderer, PaperRenderer)

    @extend_schema(responses={(200, media_type): OpenApiTypes.BINARY for _, media_type in KINDS})
    def get(self, request: Request, id: UUID, attachment: UUID) -> HttpResponse:  # noqa: A002  (the name in the address)
        scope = scope_of_request(request, self.resource)
        found = attachments_visible(user=request.user, scope=scope).filter(uuid=attachment, correction__uuid=id).first()
        if found is None:
            raise NotFound("not_found", "There is no such paper here.")
        if not may_open_papers(user=request.user, correction=found.correction):
            raise Forbidden("papers_private", "This paper is for those who decide, who asked, and whom it is about.")
        content = corrections_attachments.attachment_open(found, by=account_of(request), now=timezone.now())
        headers = corrections_attachments.attachment_headers(found)
        return HttpResponse(content, content_type=found.media_type, headers=headers)
