"""Alarms about nodes for staff: the list, and saying that one was dealt with."""

from django.utils import timezone
from django_filters import rest_framework as django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from server.accounts.models import User
from server.core.csv_lists import Columns, CsvList
from server.core.pagination import ordered_by
from server.core.permissions import Resource
from server.nodes.alarms import alarm_resolve
from server.nodes.models import AlarmKind, NodeAlarm
from server.nodes.serializers import NodeAlarmSerializer, NoteInput

ALARM_COLUMNS: Columns = (
    ("id", "uuid"), ("node", "node.name"), ("node_id", "node.uuid"), ("kind", "kind"), ("detail", "detail"), ("first_at", "first_at"),
    ("last_at", "last_at"), ("count", "count"), ("resolved_at", "resolved_at"), ("resolved_by", "resolved_by.username"), ("note", "note"),
)  # fmt: skip


class NodeAlarmFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By node, by kind, and whether it is still open."""

    node = django_filters.UUIDFilter(field_name="node__uuid")
    kind = django_filters.ChoiceFilter(choices=AlarmKind.choices)
    open = django_filters.BooleanFilter(field_name="resolved_at", lookup_expr="isnull")

    class Meta:
        model = NodeAlarm
        fields = ("node", "kind", "open")


class NodeAlarmViewSet(CsvList, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[NodeAlarm]):
    """What only a person can put right, newest first."""

    resource = Resource.NODE_ALARMS
    queryset = NodeAlarm.objects.select_related("node", "resolved_by")
    serializer_class = NodeAlarmSerializer
    pagination_class = ordered_by("-id")
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    lookup_url_kwarg = "id"
    filterset_class = NodeAlarmFilter
    csv_name, csv_columns = "node-alarms", ALARM_COLUMNS

    @extend_schema(request=NoteInput, responses=NodeAlarmSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, id: object = None) -> Response:  # noqa: A002  (the name in the address)
        """It was dealt with. If its cause is still there, it opens anew."""
        said = NoteInput(data=request.data)
        said.is_valid(raise_exception=True)
        by = request.user if isinstance(request.user, User) else None
        alarm = alarm_resolve(self.get_object(), by=by, note=said.validated_data["note"], now=timezone.now())
        return Response(NodeAlarmSerializer(alarm).data)
