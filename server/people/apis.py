"""People, groups and memberships."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from server.core.csv_lists import Columns, CsvList
from server.core.errors import NotFound
from server.core.pagination import ordered_by
from server.core.permissions import Resource, scope_of_request
from server.core.schema import refuses
from server.people import selectors, services
from server.people.models import Group, Membership, Person
from server.people.serializers import GroupSerializer, MembershipDaysSerializer, MembershipSerializer, PersonSerializer

PERSON_COLUMNS: Columns = (
    ("id", "uuid"), ("name", "name"), ("number", "number"), ("position", "position"), ("email", "email"), ("phone", "phone"),
    ("active_from", "active_from"), ("active_until", "active_until"), ("consent_at", "consent_at"), ("samples", "sample_count"),
)  # fmt: skip
GROUP_COLUMNS: Columns = (("id", "uuid"), ("name", "name"))
MEMBERSHIP_COLUMNS: Columns = (
    ("id", "uuid"), ("person", "person.name"), ("person_id", "person.uuid"), ("group", "group.name"), ("group_id", "group.uuid"),
    ("valid_from", "valid_from"), ("valid_until", "valid_until"),
)  # fmt: skip
NAME_PAGES = ordered_by("name", "id")
MEMBERSHIP_PAGES = ordered_by("valid_from", "id")


class PersonView(APIView):
    """A view about people: whom it reaches depends on the caller."""

    resource = Resource.PEOPLE

    def people(self, request: Request) -> QuerySet[Person]:
        visible = selectors.people_visible(user=request.user, scope=scope_of_request(request, self.resource))
        return selectors.with_sample_counts(visible)


@refuses(post=(409,))
class PeopleApi(CsvList, PersonView):
    """List people by name, or make one."""

    pagination_class = NAME_PAGES
    csv_name, csv_columns = "people", PERSON_COLUMNS

    @extend_schema(
        responses=PersonSerializer(many=True),
        parameters=[OpenApiParameter("search", str, description="part of a name or number"), OpenApiParameter("group", UUID)],
    )
    def get(self, request: Request) -> Response:
        people = self.people(request)
        if wanted := request.query_params.get("search"):
            people = people.filter(Q(name__icontains=wanted) | Q(number__icontains=wanted))
        if group := request.query_params.get("group"):
            inside = Membership.objects.filter(selectors.on_day(timezone.localdate()), group__uuid=_uuid(group))
            people = people.filter(pk__in=inside.values("person_id"))
        return self.answer(request, people, serializer=PersonSerializer, pages=NAME_PAGES)

    @extend_schema(request=PersonSerializer, responses={201: PersonSerializer})
    def post(self, request: Request) -> Response:
        body = PersonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        consent = bool(values.pop("consent", False))
        person = services.person_create(values=values, consent=consent, now=timezone.now())
        return Response(PersonSerializer(person).data, status=201)


@refuses(patch=(409,), delete=(409,))
class PersonApi(PersonView):
    """One person. Somebody with history cannot be deleted; set active_until instead."""

    @extend_schema(responses=PersonSerializer)
    def get(self, request: Request, person: UUID) -> Response:
        return Response(PersonSerializer(selectors.person_get(self.people(request), person)).data)

    @extend_schema(request=PersonSerializer, responses=PersonSerializer)
    def patch(self, request: Request, person: UUID) -> Response:
        found = selectors.person_get(self.people(request), person)
        body = PersonSerializer(found, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        consent = values.pop("consent", None)
        changed = services.person_update(person=found, values=values, consent=consent, now=timezone.now())
        return Response(PersonSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, person: UUID) -> Response:
        services.person_delete(person=selectors.person_get(self.people(request), person))
        return Response(status=204)


class GroupView(APIView):
    resource = Resource.GROUPS

    def groups(self, request: Request) -> QuerySet[Group]:
        return selectors.groups_visible(user=request.user, scope=scope_of_request(request, self.resource))

    def group(self, request: Request, uuid: UUID) -> Group:
        found = self.groups(request).filter(uuid=uuid).first()
        if found is None:
            raise NotFound("not_found", "There is no such group here.")
        return found


class GroupsApi(CsvList, GroupView):
    """List groups by name, or make one."""

    pagination_class = NAME_PAGES
    csv_name, csv_columns = "groups", GROUP_COLUMNS

    @extend_schema(responses=GroupSerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.answer(request, self.groups(request), serializer=GroupSerializer, pages=NAME_PAGES)

    @extend_schema(request=GroupSerializer, responses={201: GroupSerializer})
    def post(self, request: Request) -> Response:
        body = GroupSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        group = services.group_save(group=Group(), name=body.validated_data["name"])
        return Response(GroupSerializer(group).data, status=201)


@refuses(delete=(409,))
class GroupApi(GroupView):
    """One group."""

    @extend_schema(responses=GroupSerializer)
    def get(self, request: Request, group: UUID) -> Response:
        return Response(GroupSerializer(self.group(request, group)).data)

    @extend_schema(request=GroupSerializer, responses=GroupSerializer)
    def patch(self, request: Request, group: UUID) -> Response:
        found = self.group(request, group)
        body = GroupSerializer(found, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        return Response(GroupSerializer(services.group_save(group=found, name=body.validated_data.get("name", found.name))).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, group: UUID) -> Response:
        services.group_delete(group=self.group(request, group))
        return Response(status=204)


class MembershipView(GroupView):
    def memberships(self, request: Request) -> QuerySet[Membership]:
        return Membership.objects.filter(group__in=self.groups(request)).select_related("person", "group")

    def membership(self, request: Request, uuid: UUID) -> Membership:
        found = self.memberships(request).filter(uuid=uuid).first()
        if found is None:
            raise NotFound("not_found", "There is no such membership here.")
        return found


@refuses(post=(404, 409))
class MembershipsApi(CsvList, MembershipView):
    """Who belongs to which group and when; or put somebody into a group."""

    pagination_class = MEMBERSHIP_PAGES
    csv_name, csv_columns = "memberships", MEMBERSHIP_COLUMNS

    @extend_schema(
        responses=MembershipSerializer(many=True), parameters=[OpenApiParameter("person", UUID), OpenApiParameter("group", UUID)]
    )
    def get(self, request: Request) -> Response:
        found = self.memberships(request)
        for name in ("person", "group"):
            if wanted := request.query_params.get(name):
                found = found.filter(**{f"{name}__uuid": _uuid(wanted)})
        return self.answer(request, found, serializer=MembershipSerializer, pages=MEMBERSHIP_PAGES)

    @extend_schema(request=MembershipSerializer, responses={201: MembershipSerializer})
    def post(self, request: Request) -> Response:
        body = MembershipSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        scope = scope_of_request(request, Resource.PEOPLE)
        person = selectors.person_get(selectors.people_visible(user=request.user, scope=scope), given["person"]["uuid"])
        membership = Membership(person=person, group=self.group(request, given["group"]["uuid"]))
        saved = services.membership_save(
            membership=membership, valid_from=given["valid_from"], valid_until=given.get("valid_until")
        )  # fmt: skip
        return Response(MembershipSerializer(saved).data, status=201)


@refuses(patch=(409,))
class MembershipApi(MembershipView):
    """One membership. Ending it keeps the past; deleting it is for mistakes."""

    @extend_schema(request=MembershipDaysSerializer, responses=MembershipSerializer)
    def patch(self, request: Request, membership: UUID) -> Response:
        found = self.membership(request, membership)
        body = MembershipDaysSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        days = {"valid_from": found.valid_from, "valid_until": found.valid_until, **body.validated_data}
        return Response(MembershipSerializer(services.membership_save(membership=found, **days)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, membership: UUID) -> Response:
        services.membership_delete(membership=self.membership(request, membership))
        return Response(status=204)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("not_found", f"{text} is not the id of anything here.") from error
