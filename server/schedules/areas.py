"""Areas, whose passes make visits, and how the hours of open days are counted."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from server.audit.services import Target, audit_note
from server.core.errors import Conflict, Rejected
from server.recompute import windows
from server.recompute.services import mark
from server.recompute.why import Why
from server.schedules.models import Area, OpenDayRule
from server.schedules.notes import noted, said
from server.schedules.schedule_values import Values, doors_at
from server.schedules.term_values import terms_read, terms_values
from server.schedules.terms import AreaTerms, OpenDayTerms
from server.sites.models import Door, Site

TERMS = ("min_gap_s", "auto_close", "max_s")


def area_save(*, area: Area, values: Values, by: AbstractBaseUser | None, now: datetime) -> Area:
    """Make or change an area: name, site, doors, and how visits are paired. All its visits follow.

    Raises Rejected for values, Conflict where the site has an area of that name.
    """
    with transaction.atomic():
        new = area._state.adding  # noqa: SLF001 (Django's documented name)
        found = area if new else Area.objects.select_for_update(of=("self",)).select_related("site").get(pk=area.pk)
        before = None if new else said(found)
        sites = set() if new else {found.site_id}
        doors = _fill(found, values)
        found.version += 0 if new else 1
        found.save()
        found.doors.set(doors)
        if before is None or {**said(found), "name": ""} != {**before, "name": ""}:
            mark([windows.site_days(site=site, first=None, last=None) for site in sites | {found.site_id}], why=Why.RULE)
        noted("area.made" if new else "area.changed", found, by=by, now=now, before=before)
    return found


def _fill(area: Area, values: Values) -> frozenset[int]:
    for name in ("name", "site"):
        if name in values:
            setattr(area, name, values[name])
    area.name = area.name.strip()
    if not area.name:
        raise Rejected("invalid", "Give the area a name.", errors={"name": ["Give the area a name."]})
    given = {name: values[name] for name in TERMS if name in values}
    terms = terms_read(given, area_terms(area))
    area.min_gap_s, area.auto_close, area.max_s = terms.min_gap_s, terms.auto_close.value, terms.max_s
    if Area.objects.filter(site=area.site, name=area.name).exclude(pk=area.pk).exists():
        raise Conflict("name_taken", f"{area.site} has an area called {area.name} already; use another name.")
    doors = values.get("doors")
    if isinstance(doors, Iterable):
        return doors_at(area.site, [door for door in doors if isinstance(door, Door)])
    return doors_at(area.site, [] if area._state.adding else area.doors.all())  # noqa: SLF001


def area_terms(area: Area) -> AreaTerms:
    """How its visits are paired."""
    return terms_read({name: getattr(area, name) for name in TERMS}, AreaTerms())


def area_delete(*, area: Area, by: AbstractBaseUser | None, now: datetime) -> None:
    """Remove an area nobody ever visited. Raises Conflict otherwise: its visits are history."""
    with transaction.atomic():
        found = Area.objects.select_for_update(of=("self",)).get(pk=area.pk)
        if _has_history(found):
            raise Conflict("area_has_visits", f"{found.name} has visits, which stay; take its doors away, and nothing is added.")
        noted("area.deleted", found, by=by, now=now, before=said(found))
        found.delete()


def _has_history(area: Area) -> bool:
    """Visits lie above this app, so they are found by their foreign keys."""
    for relation in Area._meta.related_objects:  # noqa: SLF001 (Django's documented name)
        model = relation.related_model
        if not isinstance(model, str) and model._default_manager.filter(**{relation.field.name: area}).exists():  # noqa: SLF001
            return True
    return False


def open_day_terms(site: Site) -> tuple[OpenDayTerms, int]:
    """How the hours of open days are counted at a site, and the version of that; version 0: as usual."""
    rule = OpenDayRule.objects.filter(site=site).first()
    return (OpenDayTerms(), 0) if rule is None else (terms_read(rule.terms, OpenDayTerms()), rule.version)


def open_day_rule_save(*, site: Site, values: object, by: AbstractBaseUser | None, now: datetime) -> OpenDayRule:
    """Say how the hours of open days are counted at a site; terms that are not given stay. Raises Rejected."""
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)  # one after the other for each site
        rule = OpenDayRule.objects.filter(site=site).first() or OpenDayRule(site=site, version=0)
        before = terms_read(rule.terms, OpenDayTerms())
        after = terms_read(values, before)
        rule.terms = terms_values(after)
        rule.version += 1
        rule.save()
        if after != before:
            mark([windows.site_days(site=site.pk, first=None, last=None)], why=Why.RULE)
        audit_note(
            by=by,
            action="open_day_rule.changed",
            target=Target("open_day_rule", site.uuid),
            now=now,
            before=terms_values(before),
            after=terms_values(after),
        )
    return rule
