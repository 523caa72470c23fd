"""The check of a gallery, by whoever runs Lintel."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.core.permissions import Resource
from server.core.schema import refuses
from server.gallery.check import gallery_check
from server.gallery.check_serializers import CheckQuerySerializer, GalleryCheckSerializer


@refuses(get=(400, 409))
class GalleryCheckApi(APIView):
    """Leave-one-out over the stored samples: who is recognised, who would be confused with whom, and whether the setting fits."""

    resource = Resource.SAMPLES

    @extend_schema(parameters=[CheckQuerySerializer], responses=GalleryCheckSerializer)
    def get(self, request: Request) -> Response:
        asked = CheckQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = gallery_check(one_in=asked.validated_data.get("strangers_named_one_in"))
        return Response(GalleryCheckSerializer(found).data, headers={"Cache-Control": "private, no-store"})
