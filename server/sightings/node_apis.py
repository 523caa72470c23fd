"""What nodes call to hand over records and crops."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from server.core.errors import Malformed
from server.core.parsers import LargeJsonParser, read_limited
from server.core.schema import refuses
from server.nodes.node_apis import NodeApi, wire_answer
from server.sightings import crops, services
from shared_schema.node import MAX_SEALED_CROP_BYTES, BatchReceipt, RecordBatch


class SealedCropParser(BaseParser):
    """Any bytes up to the largest sealed crop."""

    media_type = "*/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, object] | None = None) -> Any:
        return read_limited(stream, MAX_SEALED_CROP_BYTES)


@refuses(post=(422,))
class RecordsApi(NodeApi):
    """A batch of signed records; every item gets its own receipt."""

    parser_classes = (LargeJsonParser,)

    @extend_schema(request=RecordBatch, responses=BatchReceipt)
    def post(self, request: Request) -> HttpResponse:
        return wire_answer(services.batch_ingest(self.node(request), request.data, now=timezone.now()))


@refuses(put=(422, 429))
class NodeCropApi(NodeApi):
    """A sealed crop that a sighting announced."""

    parser_classes = (SealedCropParser,)

    @extend_schema(request={"application/octet-stream": OpenApiTypes.BINARY}, responses={204: None})
    def put(self, request: Request, sha256: str) -> Response:
        sealed: object = request.data
        if not isinstance(sealed, bytes):
            raise Malformed("parse_error", "Send the sealed crop as the body.")
        crops.crop_store(self.node(request), sha256, sealed, now=timezone.now())
        return Response(status=204)
