"""Today, People, Nodes and signing in."""

from uuid import UUID

from django.contrib.auth import login
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import LoginView
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.utils import timezone

from server.accounts.services import sign_in
from server.core.errors import LintelError
from server.core.permissions import Resource
from server.gallery.reembed_progress import models_progress
from server.nodes.models import Node
from server.nodes.claims import claim_create
from server.nodes.services import node_revoke
from server.sites.models import Door
from server.web import fleet, selectors
from server.web.access import Page, no_store
from server.web.forms import ClaimForm, SignInForm

PEOPLE_PER_PAGE = 50


class SignInPage(LoginView):
    """Sign in with name and password; five wrong passwords lock the name for half a minute, as in the API."""

    template_name = "web/sign_in.html"
    redirect_authenticated_user = True
    form_class = SignInForm  # type: ignore[assignment]  # checked by accounts.services, not by Django's own form

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._again(form, 400)
        try:
            user = sign_in(**form.cleaned_data, now=timezone.now(), request=request)
        except LintelError as error:
            form.add_error(None, str(error))
            return self._again(form, error.status)
        login(request, user)
        return redirect(self.get_success_url())

    def _again(self, form: SignInForm, status: int) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=status)


class TodayPage(Page):
    """Who is in, who came by, and who was not recognised."""

    resource = Resource.PRESENCE
    template = "web/today.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = selectors.today(user=request.user, now=timezone.now())
        return no_store(render(request, self.template, {"today": found, "page": "today"}))


class TodayPart(TodayPage):
    """The moving part of Today, fetched again every few seconds."""

    template = "web/parts/today.html"


class PeoplePage(Page):
    """Everybody by name, with the way to more samples."""

    resource = Resource.PEOPLE

    def get(self, request: HttpRequest) -> HttpResponse:
        search = request.GET.get("search", "").strip()
        rows = Paginator(selectors.people_rows(user=request.user, search=search), PEOPLE_PER_PAGE)
        people = rows.get_page(request.GET.get("page"))
        zone = selectors.first_zone()
        return no_store(render(request, "web/people.html", {"people": people, "search": search, "zone": zone, "page": "people"}))


class NodesPage(Page):
    """Nodes with their health; operators claim new ones here."""

    resource = Resource.NODES

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ClaimForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ClaimForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=400)
        by = request.user if isinstance(request.user, AbstractBaseUser) else None
        new = claim_create(door=form.cleaned_data["door"], name=form.cleaned_data["name"], by=by, now=timezone.now())
        address = request.build_absolute_uri("/").rstrip("/")
        command = f"lintel-edge claim --server {address} --token {new.token} --config /etc/lintel/edge.toml"
        zone = form.cleaned_data["door"].site.zone
        expires = new.claim.expires_at.astimezone(zone)
        claim = {"of": new.claim, "token": new.token, "command": command, "expires": expires, "zone": zone.key}
        return self._page(request, ClaimForm(), claim=claim)

    def _page(self, request: HttpRequest, form: ClaimForm, *, claim: object = None, status: int = 200) -> HttpResponse:
        now = timezone.now()
        told = {"nodes": fleet.nodes_now(now), "models": models_progress(now=now), "doors": Door.objects.exists()}
        context = {**told, "form": form, "claim": claim, "page": "nodes"}
        return no_store(render(request, "web/nodes.html", context, status=status))


class NodeRevokePage(Page):
    """Shuts a node out for good."""

    resource = Resource.NODES

    def post(self, request: HttpRequest, node: UUID) -> HttpResponse:
        node_revoke(get_object_or_404(Node, uuid=node), now=timezone.now())
        return redirect("nodes-page")


def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (Django's signature)
    """Browsers ask for it where a page names no icon."""
    return redirect(static("web/icon.svg"))
