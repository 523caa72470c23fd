"""Samples of a person, and the gallery for nodes."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.accounts.models import User
from server.core.errors import Rejected
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.renderers import IMAGE, PRIVATE_IMAGE
from server.core.schema import refuses
from server.gallery import selectors, services
from server.gallery.pipeline import embedder
from server.gallery.services import Upload
from server.nodes.authentication import IsNode, NodeAuthentication
from server.people import samples
from server.people.models import Person
from server.people.selectors import people_visible, person_get, sample_get
from server.people.serializers import SampleSerializer, SampleUploadSerializer
from shared_schema.face.images import MAX_BYTES
from shared_schema.gallery import GallerySnapshot

SAMPLE_PAGES = ordered_by("id")


class SampleView(APIView):
    resource = Resource.SAMPLES

    def person(self, request: Request, uuid: UUID) -> Person:
        return person_get(people_visible(user=request.user, scope=scope_of_request(request, self.resource)), uuid)


@refuses(post=(409, 422))
class SamplesApi(SampleView):
    """A person's samples; POST adds an image (201) or recognises that it is there already (200)."""

    parser_classes = (MultiPartParser,)
    pagination_class = SAMPLE_PAGES

    @extend_schema(responses=SampleSerializer(many=True))
    def get(self, request: Request, person: UUID) -> Response:
        pages = SAMPLE_PAGES()
        found = pages.paginate_queryset(self.person(request, person).samples.all(), request, self)
        return pages.get_paginated_response(SampleSerializer(found, many=True).data)

    @extend_schema(request=SampleUploadSerializer, responses={201: SampleSerializer, 200: SampleSerializer})
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
        return Response(SampleSerializer(added.sample).data, status=201 if added.created else 200)


class SampleApi(SampleView):
    """One sample."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, person: UUID, sample: UUID) -> Response:
        found = self.person(request, person)
        services.sample_delete(person=found, sample=sample_get(found, sample))
        return Response(status=204)


class SampleCropApi(SampleView):
    """The head of a sample."""

    renderer_classes = IMAGE

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, person: UUID, sample: UUID) -> HttpResponse:
        found = sample_get(self.person(request, person), sample)
        return HttpResponse(samples.sample_crop(found), content_type="image/jpeg", headers=PRIVATE_IMAGE)


class NodeGalleryApi(APIView):
    """The gallery a node matches against, with an ETag; 304 while it has not changed."""

    authentication_classes = (NodeAuthentication,)
    permission_classes = (IsNode,)

    @extend_schema(
        parameters=[OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
        responses={200: GallerySnapshot, 304: OpenApiResponse(description="not changed")},
    )
    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        services.gallery_sweep(now=now)
        model = embedder()
        asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
        tag = _etag(selectors.gallery_revision())
        if tag in asked:
            return HttpResponse(status=304, headers={"ETag": tag})
        found = selectors.snapshot(model_id=model.model_id, dimension=model.dimension, now=now)
        headers = {"ETag": _etag(found.revision), "Cache-Control": "private, no-cache"}
        return HttpResponse(found.model_dump_json(), content_type="application/json", headers=headers)


def _etag(revision: int) -> str:
    return f'"{revision}-{embedder().model_id}"'
