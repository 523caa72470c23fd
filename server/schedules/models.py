"""When who is expected where. A schedule makes sessions; a session, once made, keeps the terms it was made with."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value

from server.core.models import PublicModel
from server.people.models import Group, Person
from server.schedules.terms import AutoClose
from server.sites.models import Door, Site


class Kind(models.TextChoices):
    """A lecture asks who was there; a shift asks how long, too."""

    LECTURE = "lecture"
    SHIFT = "shift"


class Schedule(PublicModel):
    """A group is expected at a site on some days of the week, or on one day, from–until in the site's local time.

    An end at or before the beginning is on the next day. `terms` are those of `schedules.terms.Terms`.
    """

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="schedules")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="schedules")
    doors = models.ManyToManyField(Door, blank=True, related_name="schedules", help_text="empty: every door of the site with a camera")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), help_text="0 is Monday")
    every_weeks = models.PositiveSmallIntegerField(default=1, help_text="2: every other week, counted from the week of valid_from")
    begins = models.TimeField()
    ends = models.TimeField()
    breaks = models.JSONField(default=list, blank=True, help_text="pairs of local times, [[from, until], …]")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    terms = models.JSONField(default=dict, blank=True)
    made_until = models.DateField(null=True, blank=True, editable=False, help_text="sessions are made through this day")
    version = models.PositiveIntegerField(default=1, help_text="rises with every change")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="it makes no further sessions")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="schedule_in_order",
                violation_error_message="valid_until lies before valid_from",
            ),
            models.CheckConstraint(condition=Q(every_weeks__gte=1), name="schedule_every_weeks"),
        ]

    def __str__(self) -> str:
        return self.name


class Session(PublicModel):
    """One interval in which a group is expected. What a schedule makes is known by (schedule, local date); a lecture may have none."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, null=True, blank=True, related_name="sessions")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="sessions")
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="sessions")
    doors = models.ManyToManyField(Door, blank=True, related_name="sessions", help_text="empty: every door of the site with a camera")
    local_date = models.DateField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    breaks = models.JSONField(default=list, blank=True, help_text="pairs of UTC times in ISO 8601")
    terms = models.JSONField(default=dict, blank=True)
    window_begins_at = models.DateTimeField(help_text="beginning less the margin: passes from here on count")
    window_ends_at = models.DateTimeField(help_text="end plus the margin")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    detached = models.BooleanField(default=False, help_text="changed by hand: a change of its schedule leaves it alone")
    covered_at = models.DateTimeField(null=True, blank=True, help_text="when every serving door was found covered past the end")
    given_up_at = models.DateTimeField(null=True, blank=True, help_text="when the wait for coverage was over")
    version = models.PositiveIntegerField(default=1, help_text="rises with every change")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("begins_at", "id")
        constraints = [
            models.UniqueConstraint(fields=("schedule", "local_date"), name="session_once_per_schedule_and_day"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="session_in_order", violation_error_message="a session ends after it began"
            ),
            models.CheckConstraint(
                condition=Q(window_begins_at__lte=F("begins_at")) & Q(window_ends_at__gte=F("ends_at")), name="session_window_around_it"
            ),
            ExclusionConstraint(
                name="session_one_at_a_time_per_group",
                expressions=[
                    (Func(F("group_id"), F("group_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("begins_at"), F("ends_at"), function="tstzrange"), "&&"),
                ],
                condition=Q(cancelled_at__isnull=True),
                violation_error_message="the group is already expected elsewhere in this time; cancel or move that session first",
            ),
        ]
        indexes = [
            models.Index(fields=("site", "local_date"), name="session_site_date"),
            models.Index(fields=("group", "local_date"), name="session_group_date"),
            models.Index(fields=("site", "window_ends_at"), name="session_site_window"),
            models.Index(
                fields=("ends_at",),
                condition=Q(covered_at__isnull=True, given_up_at__isnull=True, cancelled_at__isnull=True),
                name="session_undecided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.local_date}"


class Holiday(PublicModel):
    """A site, or every site, rests from–until, both days included."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, blank=True, related_name="holidays", help_text="empty: every site")
    name = models.CharField(max_length=200)
    first_day = models.DateField()
    last_day = models.DateField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-first_day", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="holiday_in_order", violation_error_message="last_day lies before first_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.first_day}"


class Leave(PublicModel):
    """A person is away from–until, both days included; with times, only in that part of every day (the site's local time)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="leave")
    reason = models.CharField(max_length=64, help_text="for example sick, holiday, training")
    first_day = models.DateField()
    last_day = models.DateField()
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-first_day", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="leave_in_order", violation_error_message="last_day lies before first_day"
            ),
            models.CheckConstraint(
                condition=Q(from_time__isnull=True, until_time__isnull=True) | Q(from_time__lt=F("until_time")),
                name="leave_times_in_order",
                violation_error_message="give both times, the earlier one first, or none",
            ),
        ]
        indexes = [models.Index(fields=("person", "first_day"), name="leave_person_day")]

    def __str__(self) -> str:
        return f"{self.person} {self.first_day}–{self.last_day}"


class Area(PublicModel):
    """Doors around a room (a server room, a laboratory, a whole site). Their passes make visits.

    A door that leads in or out tells entry from exit; at a door for both, passes toggle within the local day.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="areas")
    name = models.CharField(max_length=120)
    doors = models.ManyToManyField(Door, related_name="areas")
    min_gap_s = models.PositiveIntegerField(default=30, help_text="passes of the same direction that are less apart are one")
    auto_close = models.CharField(max_length=8, choices=[(rule.value, rule.value) for rule in AutoClose], default=AutoClose.NEVER.value)
    max_s = models.PositiveIntegerField(
        default=57_600, help_text="a visit lasts at most so long, across the day cut or with auto_close after"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("site__name", "name")
        constraints = [models.UniqueConstraint(fields=("site", "name"), name="area_name_once_per_site")]

    def __str__(self) -> str:
        return f"{self.site} – {self.name}"


class OpenDayRule(models.Model):
    """How the hours of open days are counted at a site; a site without a row has the defaults of `schedules.terms.OpenDayTerms`."""

    id = models.BigAutoField(primary_key=True)
    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="open_day_rule")
    terms = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"open days of {self.site}"
