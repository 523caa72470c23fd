from rest_framework import serializers

from server.sites.models import Door, Site


class SiteSerializer(serializers.ModelSerializer[Site]):
    id = serializers.UUIDField(source="uuid", read_only=True)

    class Meta:
        model = Site
        fields = ("id", "name", "time_zone", "day_cut")


class DoorSerializer(serializers.ModelSerializer[Door]):
    id = serializers.UUIDField(source="uuid", read_only=True)
    site = serializers.SlugRelatedField(slug_field="uuid", queryset=Site.objects.all())

    class Meta:
        model = Door
        fields = ("id", "site", "name", "direction", "restricted")
