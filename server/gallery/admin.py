from django.contrib import admin
from django.http import HttpRequest

from server.gallery.models import GalleryChange, GalleryModel, GalleryRevision, SampleRefusal, Template


class LookOnly(admin.ModelAdmin):  # type: ignore[type-arg] # not generic when it runs
    """The gallery is made of samples and of nothing else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        return False


@admin.register(Template)
class TemplateAdmin(LookOnly):
    list_display = ("person", "model_id", "samples", "made_at")
    exclude = ("ciphertext",)


admin.site.register([GalleryChange, GalleryRevision, GalleryModel, SampleRefusal], LookOnly)
