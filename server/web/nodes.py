"""The page Nodes: how they are, what is wrong with them, and what staff can do about it."""

from abc import ABC, abstractmethod
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from server.accounts.models import User
from server.core.errors import LintelError, Rejected
from server.core.permissions import Resource
from server.gallery.deltas import gallery_confirmation
from server.gallery.reembed_progress import models_progress
from server.nodes import services
from server.nodes.alarms import alarm_resolve
from server.nodes.claims import NewClaim, claim_create, claim_create_for
from server.nodes.models import Node, NodeAlarm
from server.nodes.selectors import settings_of, time_zone_of
from server.sites.models import Door
from server.web import fleet
from server.web.access import Page, no_store
from server.web.forms import ClaimForm
from server.web.node_forms import BaseHoursFormSet, HoursFormSet, NodeSettingsForm, NoteForm, hours_of, settings_in_words
from server.web.selectors import first_zone


class NodesPage(Page):
    """Nodes with their health; operators claim new ones here."""

    resource = Resource.NODES

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(request, ClaimForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ClaimForm(request.POST)
        if not form.is_valid():
            return self.page(request, form, status=400)
        new = claim_create(door=form.cleaned_data["door"], name=form.cleaned_data["name"], by=staff(request), now=timezone.now())
        return self.page(request, ClaimForm(), claim=_shown_once(request, new))

    def page(self, request: HttpRequest, form: ClaimForm, *, claim: object = None, status: int = 200) -> HttpResponse:
        now = timezone.now()
        told = {"nodes": fleet.nodes_now(now), "models": models_progress(now=now), "doors": Door.objects.exists()}
        context = {**told, "confirmation": gallery_confirmation(), "form": form, "claim": claim, "page": "nodes"}
        return no_store(render(request, "web/nodes.html", context, status=status))


def _shown_once(request: HttpRequest, new: NewClaim) -> dict[str, object]:
    address = request.build_absolute_uri("/").rstrip("/")
    command = f"lintel-edge claim --server {address} --token {new.token} --config /etc/lintel/edge.toml"
    zone = first_zone() if new.claim.door is None else new.claim.door.site.zone
    expires: datetime = new.claim.expires_at.astimezone(zone)
    return {"of": new.claim, "token": new.token, "command": command, "expires": expires, "zone": zone.key}


def staff(request: HttpRequest) -> User | None:
    """Who is signed in."""
    return request.user if isinstance(request.user, User) else None


class NodeAction(NodesPage, ABC):
    """Something done to one node; a refusal is shown on the page."""

    def get(self, request: HttpRequest, node: UUID) -> HttpResponse:  # type: ignore[override]  # an address of its own
        return redirect("nodes-page")

    def post(self, request: HttpRequest, node: UUID) -> HttpResponse:  # type: ignore[override]  # an address of its own
        try:
            return self.act(request, get_object_or_404(Node, uuid=node))
        except LintelError as refusal:
            messages.error(request, str(refusal))
            return redirect("nodes-page")

    @abstractmethod
    def act(self, request: HttpRequest, node: Node) -> HttpResponse:
        """Do it and answer. Raises LintelError when it cannot be done."""


class NodeRevokePage(NodeAction):
    """Shuts a node out for good."""

    def act(self, request: HttpRequest, node: Node) -> HttpResponse:
        services.node_revoke(node, now=timezone.now())
        return redirect("nodes-page")


class NodeIdentifyPage(NodeAction):
    """Has a node show which one it is."""

    def act(self, request: HttpRequest, node: Node) -> HttpResponse:
        services.node_identify(node, now=timezone.now())
        return redirect("nodes-page")


class NodeReplacePage(NodeAction):
    """Makes a token that gives the node to a new card."""

    def act(self, request: HttpRequest, node: Node) -> HttpResponse:
        new = claim_create_for(node=node, by=staff(request), now=timezone.now())
        return self.page(request, ClaimForm(), claim=_shown_once(request, new))


class NodeUnfreezePage(NodeAction):
    """Lets a contested node go on."""

    resource = Resource.CONTESTED_NODES

    def act(self, request: HttpRequest, node: Node) -> HttpResponse:
        form = NoteForm(request.POST)
        if not form.is_valid():
            raise Rejected("invalid", "Write in at most 500 letters what you found out.")
        services.node_unfreeze(node, by=staff(request), note=form.cleaned_data["note"], now=timezone.now())
        return redirect("nodes-page")


class AlarmResolvePage(Page):
    """Says that an alarm was dealt with."""

    resource = Resource.NODE_ALARMS

    def post(self, request: HttpRequest, alarm: UUID) -> HttpResponse:
        form, found = NoteForm(request.POST), get_object_or_404(NodeAlarm, uuid=alarm)
        if form.is_valid():
            alarm_resolve(found, by=staff(request), note=form.cleaned_data["note"], now=timezone.now())
        else:
            messages.error(request, "Write in at most 500 letters what was found and done.")
        return redirect("nodes-page")


class NodeSettingsPage(Page):
    """What a node is told about how to work; it fetches that by itself."""

    resource = Resource.NODES

    def get(self, request: HttpRequest, node: UUID) -> HttpResponse:
        found = get_object_or_404(Node, uuid=node)
        current = settings_of(found)
        return self._page(request, found, NodeSettingsForm(initial=settings_in_words(current)), HoursFormSet(initial=hours_of(current)))

    def post(self, request: HttpRequest, node: UUID) -> HttpResponse:
        found = get_object_or_404(Node, uuid=node)
        form, hours = NodeSettingsForm(request.POST), HoursFormSet(request.POST)
        if form.is_valid() and hours.is_valid():
            try:
                services.settings_change(found, {**form.changes(), "hours": hours.hours()}, by=staff(request))
            except Rejected as refusal:
                form.refuse(refusal)
            else:
                return redirect("node-settings-page", found.uuid)
        return self._page(request, found, form, hours, status=400)

    def _page(
        self, request: HttpRequest, node: Node, form: NodeSettingsForm, hours: BaseHoursFormSet, *, status: int = 200
    ) -> HttpResponse:
        zone = time_zone_of(node, timezone.now())
        context = {"node": node, "form": form, "hours": hours, "zone": zone, "current": settings_of(node), "page": "nodes"}
        return no_store(render(request, "web/node_settings.html", context, status=status))
