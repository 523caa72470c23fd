from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from server.sites.models import Door, Site

FIRST_YEAR, LAST_YEAR = 2000, 2100


class SiteSerializer(serializers.ModelSerializer[Site]):
    id = serializers.UUIDField(source="uuid", read_only=True)

    class Meta:
        model = Site
        fields = ("id", "name", "time_zone", "day_cut")


class DoorSerializer(serializers.ModelSerializer[Door]):
    """`used_from` and `used_until`: nobody passes there before and after; null: it was always there, it is in use."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    site = serializers.SlugRelatedField(slug_field="uuid", queryset=Site.objects.all())

    class Meta:
        model = Door
        fields = ("id", "site", "name", "direction", "restricted", "used_from", "used_until")

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        begins, ends = (attrs.get(name, getattr(self.instance, name, None)) for name in ("used_from", "used_until"))
        for name, at in (("used_from", begins), ("used_until", ends)):
            if isinstance(at, datetime) and not FIRST_YEAR <= at.year < LAST_YEAR:
                raise serializers.ValidationError({name: f"Use a time from {FIRST_YEAR} to {LAST_YEAR}."})
        if begins is not None and ends is not None and ends <= begins:
            raise serializers.ValidationError({"used_until": "used_until lies before used_from; swap them."})
        return attrs
