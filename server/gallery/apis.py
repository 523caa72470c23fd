"""Samples of a person, and the gallery for nodes."""

import re
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import RootModel
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.accounts.models import User
from server.core.csv_lists import Columns, CsvList
from server.core.errors import Malformed, Rejected
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.renderers import IMAGE, PRIVATE_IMAGE
from server.core.schema import refuses
from server.gallery import selectors, services
from server.gallery.advice import sample_advice
from server.gallery.deltas import gallery_confirmation, gallery_for_node
from server.gallery.pipeline import embedder
from server.gallery.reembed_progress import models_progress
from server.gallery.reembed_rows import served_model
from server.gallery.serializers import (
    ConfirmationSerializer,
    CrossRiskSerializer,
    GalleryModelsSerializer,
    SampleAddedSerializer,
    SampleAdviceSerializer,
)
from server.gallery.services import Upload
from server.gallery.templates import sample_rule
from server.nodes.authentication import IsNode, NodeAuthentication
from server.nodes.models import Node
from server.people import samples
from server.people.models import Person, Ruling
from server.people.selectors import people_visible, person_get, sample_get
from server.people.serializers import RulingSerializer, SampleSerializer, SampleUploadSerializer
from shared_schema.face.images import MAX_BYTES
from shared_schema.gallery import GalleryDelta, GallerySnapshot

SAMPLE_PAGES = ordered_by("id")
SAMPLE_COLUMNS: Columns = (
    ("id", "uuid"), ("sha256", "sha256"), ("quality", "quality"), ("face_px", "face_px"), ("yaw", "yaw"), ("brightness", "brightness"),
    ("sharpness", "sharpness"), ("state", "state"), ("reason", "reason"), ("ruling", "ruling"), ("ruled_at", "ruled_at"),
    ("created_at", "created_at"),
)  # fmt: skip
REVISION = re.compile("[0-9]{1,18}")
MODEL_ID = re.compile(r"[\x20-\x7e]{1,64}")


class GalleryAnswer(RootModel[GallerySnapshot | GalleryDelta]):
    """The whole gallery, or what changed in it: then it has a `base_revision`."""


class SampleView(APIView):
    resource = Resource.SAMPLES

    def person(self, request: Request, uuid: UUID) -> Person:
        return person_get(people_visible(user=request.user, scope=scope_of_request(request, self.resource)), uuid)


@refuses(post=(409, 422))
class SamplesApi(CsvList, SampleView):
    """A person's samples; POST adds an image (201) or recognises that it is there already (200)."""

    parser_classes = (MultiPartParser,)
    pagination_class = SAMPLE_PAGES
    csv_name, csv_columns = "samples", SAMPLE_COLUMNS

    @extend_schema(responses=SampleSerializer(many=True))
    def get(self, request: Request, person: UUID) -> Response:
        return self.answer(request, self.person(request, person).samples.all(), serializer=SampleSerializer, pages=SAMPLE_PAGES)

    @extend_schema(request=SampleUploadSerializer, responses={201: SampleAddedSerializer, 200: SampleAddedSerializer})
    def post(self, request: Request, person: UUID) -> Response:
        found = self.person(request, person)
        body = SampleUploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        if given["image"].size > MAX_BYTES:
            raise Rejected("image_too_large", f"The image is too large; send at most {MAX_BYTES // 1_000_000} MB.")
        by = request.user if isinstance(request.user, User) else None
        upload = Upload(given["image"].read(), by, accept_likeness=given["accept_likeness"])
        added = services.sample_add(person=found, upload=upload)
        told = {**SampleSerializer(added.sample).data, "cross_risks": CrossRiskSerializer(added.cross_risks, many=True).data}
        return Response(told, status=201 if added.created else 200)


class SampleApi(SampleView):
    """One sample. PATCH says whether it shall be part of the template; DELETE removes it for good."""

    @extend_schema(responses=SampleSerializer)
    def get(self, request: Request, person: UUID, sample: UUID) -> Response:
        return Response(SampleSerializer(sample_get(self.person(request, person), sample)).data)

    @extend_schema(request=RulingSerializer, responses=SampleSerializer)
    def patch(self, request: Request, person: UUID, sample: UUID) -> Response:
        found = self.person(request, person)
        body = RulingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        by = request.user if isinstance(request.user, User) else None
        ruling = Ruling(body.validated_data["ruling"])
        ruled = sample_rule(person=found, sample=sample_get(found, sample), ruling=ruling, by=by, now=timezone.now())
        return Response(SampleSerializer(ruled).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, person: UUID, sample: UUID) -> Response:
        found = self.person(request, person)
        services.sample_delete(person=found, sample=sample_get(found, sample))
        return Response(status=204)


class SampleAdviceApi(SampleView):
    """What the samples in use show of the person, which one is missing, and whom the person may be taken for."""

    @extend_schema(responses=SampleAdviceSerializer)
    def get(self, request: Request, person: UUID) -> Response:
        return Response(SampleAdviceSerializer(sample_advice(self.person(request, person))).data)


class SampleCropApi(SampleView):
    """The head of a sample."""

    renderer_classes = IMAGE

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, person: UUID, sample: UUID) -> HttpResponse:
        found = sample_get(self.person(request, person), sample)
        return HttpResponse(samples.sample_crop(found), content_type="image/jpeg", headers=PRIVATE_IMAGE)


class GalleryModelsApi(APIView):
    """The embedders the gallery has templates of, and how far the one in use is."""

    resource = Resource.SAMPLES

    @extend_schema(responses=GalleryModelsSerializer)
    def get(self, request: Request) -> Response:
        return Response(GalleryModelsSerializer({"models": models_progress(now=timezone.now())}).data)


@refuses(get=(400,))
class GalleryConfirmationApi(APIView):
    """Which nodes have the gallery of a revision: whoever left it then is gone from their memory and cards."""

    resource = Resource.NODES

    @extend_schema(
        parameters=[OpenApiParameter("revision", int, description="without it: the present one")], responses=ConfirmationSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(ConfirmationSerializer(gallery_confirmation(_number(request, "revision"))).data)


@refuses(get=(400, 409))
class NodeGalleryApi(APIView):
    """The gallery a node matches against, made with the node's own model, with an ETag; 304 while it has not changed.

    With `since` only what changed since that revision, where that is still known.
    """

    authentication_classes = (NodeAuthentication,)
    permission_classes = (IsNode,)

    @extend_schema(
        parameters=[
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
            OpenApiParameter("model", str, description="the node's model id; without it the one of its last heartbeat"),
            OpenApiParameter("since", int, description="the revision the node has: a GalleryDelta from it is enough"),
        ],
        responses={200: GalleryAnswer, 304: OpenApiResponse(description="not changed")},
    )
    def get(self, request: Request) -> HttpResponse:
        now, since = timezone.now(), _number(request, "since")
        services.gallery_sweep(now=now)
        model = served_model(_model_of(request), now=now)
        asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
        tag = _etag(selectors.gallery_revision(), model.model_id)
        if tag in asked:
            return HttpResponse(status=304, headers={"ETag": tag})
        found = gallery_for_node(model, since=since, now=now)
        headers = {"ETag": _etag(found.revision, model.model_id), "Cache-Control": "private, no-cache"}
        return HttpResponse(found.model_dump_json(), content_type="application/json", headers=headers)


def _model_of(request: Request) -> str:
    """The model a node runs: what it asks for, else what it said last, else this server's own."""
    told = request.auth.model_id if isinstance(request.auth, Node) else ""
    asked = request.query_params.get("model") or told or embedder().model_id
    if MODEL_ID.fullmatch(asked) is None:
        raise Malformed("bad_model_id", "A model id has at most 64 printable characters.")
    return asked


def _number(request: Request, name: str) -> int | None:
    """A gallery revision in the address; None when there is none."""
    told = request.query_params.get(name)
    if told is None:
        return None
    if REVISION.fullmatch(told) is None:
        raise Malformed("bad_revision", f"{name} is the number of a gallery revision.")
    return int(told)


def _etag(revision: int, model_id: str) -> str:
    return f'"{revision}-{model_id}"'
