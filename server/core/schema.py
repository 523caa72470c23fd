"""OpenAPI for every view: its own answers, and the problem details every address may answer with."""

from typing import Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

COMMON = ("400", "401", "403", "404", "405", "415")


class ProblemSerializer(serializers.Serializer[object]):
    """An error (RFC 9457). `code` is stable, `errors` has messages by field."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # the member is called so by the standard
        child=serializers.ListField(child=serializers.CharField())
    )


class ProblemSchema(AutoSchema):
    """Adds the 4xx answers that are the same everywhere."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, object]:
        bodies: dict[str, object] = super()._get_response_bodies(direction)
        if direction != "response":
            return bodies
        reference = self.resolve_serializer(ProblemSerializer, direction).ref
        for status in COMMON:
            bodies.setdefault(status, {"description": "Problem", "content": {"application/problem+json": {"schema": reference}}})
        return bodies
