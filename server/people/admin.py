from django.contrib import admin
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from server.people import services
from server.people.models import Group, Membership, Person, Sample


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg] # not generic when it runs
    model = Membership
    extra = 0


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    list_display = ("name", "number", "position", "active_from", "active_until", "consent_at")
    search_fields = ("name", "number")
    raw_id_fields = ("account", "merged_into")
    readonly_fields = ("uuid", "merged_into", "erased_at")
    inlines = [MembershipInline]

    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        """Deleting looks after history and stored images; the API does it."""
        return False

    def save_model(self, request: HttpRequest, obj: Person, form: "ModelForm[Person]", change: bool) -> None:  # noqa: FBT001 (Django's)
        services.person_save(person=obj)

    def save_formset(
        self,
        request: HttpRequest,
        form: "ModelForm[Person]",
        formset: "BaseModelFormSet[Membership, ModelForm[Membership]]",
        change: bool,  # noqa: FBT001
    ) -> None:
        for row in formset.save(commit=False):
            services.membership_save(membership=row, valid_from=row.valid_from, valid_until=row.valid_until)
        for row in formset.deleted_objects:
            services.membership_delete(membership=row)


@admin.register(Group)
class GroupAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    list_display = ("name",)
    filter_horizontal = ("managers",)


@admin.register(Sample)
class SampleAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    """For looking only: a sample is part of a template, which the API keeps in step."""

    list_display = ("person", "state", "reason", "quality", "face_px", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Sample | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Sample | None = None) -> bool:
        return False
