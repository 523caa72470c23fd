"""Who may open which page: the same matrix as the API."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.generic import View

from server.core.permissions import Resource, Scope, Verb, scope_for
from server.core.roles import Role


class Page(LoginRequiredMixin, View):
    """A page about one resource. GET views it, POST changes it."""

    resource: Resource
    get_verb = Verb.VIEW

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            # A piece must not be replaced by the sign-in page: the whole page is loaded again.
            return HttpResponse(headers={"HX-Refresh": "true"}) if is_part(request) else self.handle_no_permission()
        if self.scope(request) is Scope.NONE:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def scope(self, request: HttpRequest) -> Scope:
        verb = Verb.CHANGE if request.method == "POST" else self.get_verb
        return scope_for(request.user, self.resource, verb)


def menu(request: HttpRequest) -> dict[str, object]:
    """Template context: the pages this account can open."""
    user = getattr(request, "user", None)

    def may(resource: Resource, verb: Verb = Verb.VIEW) -> bool:
        return scope_for(user, resource, verb) is not Scope.NONE

    return {
        "may": {
            "people": may(Resource.PEOPLE) and getattr(user, "role", None) != Role.SELF,
            "me": getattr(user, "role", None) == Role.SELF,
            "attendance": may(Resource.ATTENDANCE),
            "schedules": may(Resource.SCHEDULES),
            "corrections": may(Resource.CORRECTIONS),
            "visits": may(Resource.VISITS),
            "reports": may(Resource.REPORTS),
            "audit": may(Resource.AUDIT),
            "enrol": may(Resource.SAMPLES, Verb.CHANGE) and may(Resource.PEOPLE, Verb.CHANGE),
            "gallery": may(Resource.SAMPLES),
            "nodes": may(Resource.NODES),
            "unknown": may(Resource.SIGHTING_DECISIONS),
            "second_looks": scope_for(user, Resource.SIGHTINGS, Verb.VIEW) is Scope.ALL,
            "look_again": may(Resource.SIGHTINGS, Verb.CHANGE),
            "claim": may(Resource.NODES, Verb.CHANGE),
            "resolve": may(Resource.NODE_ALARMS, Verb.CHANGE),
            "unfreeze": may(Resource.CONTESTED_NODES, Verb.CHANGE),
        }
    }


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of a page."""
    return request.headers.get("HX-Request") == "true"


def no_store(response: HttpResponse) -> HttpResponse:
    """Pages with people on them are not kept by browsers."""
    response.headers["Cache-Control"] = "private, no-store"
    return response
