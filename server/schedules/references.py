"""From the ids in a request to the rows they name, as far as the caller reaches them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rest_framework.request import Request

from server.core.errors import NotFound
from server.core.permissions import Resource, scope_of_request
from server.people.models import Group, Person
from server.people.selectors import groups_visible, people_visible, person_get
from server.sites.models import Door, Site


def resolved(values: Mapping[str, object], request: Request, resource: Resource) -> dict[str, object]:
    """The values with sites, doors and groups instead of their ids. Raises NotFound for what is not there, or not for this caller.

    A manager names only the own groups, so nothing is made for or moved to another one.
    """
    found = dict(values)
    if isinstance(uuid := found.get("site"), UUID):
        found["site"] = site_get(uuid)
    if isinstance(uuid := found.get("group"), UUID):
        found["group"] = _group_get(uuid, request, resource)
    if isinstance(doors := found.get("doors"), list):
        found["doors"] = _doors_get(doors)
    return found


def site_get(uuid: UUID) -> Site:
    """Raises NotFound."""
    found = Site.objects.filter(uuid=uuid).first()
    if found is None:
        raise NotFound("not_found", "There is no such site here.")
    return found


def leave_person_get(uuid: UUID, request: Request) -> Person:
    """Somebody for whom the caller may enter leave. Raises NotFound."""
    return person_get(people_visible(user=request.user, scope=scope_of_request(request, Resource.LEAVE)), uuid)


def _group_get(uuid: UUID, request: Request, resource: Resource) -> Group:
    found = groups_visible(user=request.user, scope=scope_of_request(request, resource)).filter(uuid=uuid).first()
    if found is None:
        raise NotFound("not_found", "There is no such group here.")
    return found


def _doors_get(uuids: Sequence[UUID]) -> list[Door]:
    found = list(Door.objects.filter(uuid__in=uuids).select_related("site"))
    if len(found) != len(set(uuids)):
        raise NotFound("not_found", "There is no such door here; read the doors of the site.")
    return found
