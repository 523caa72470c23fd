"""OpenAPI for every view: its own answers, and the problem details every address may answer with."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from server.core.csv_lists import CsvList, CsvRenderer

_View = TypeVar("_View")
REFUSALS = "refusals"
BODY_METHODS = {"POST", "PUT", "PATCH"}
LOCAL_TIME = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"
WORDS = {
    400: "The request cannot be read, or some fields are not acceptable",
    401: "Not signed in, or the token is not valid",
    403: "Known, but not allowed",
    404: "There is no such thing, or not for this caller",
    406: "Only what is documented here is answered with",
    409: "It contradicts what is already there",
    411: "State the size of the body",
    412: "Somebody else changed it since it was read (see If-Match)",
    413: "The body is too large",
    415: "The body is of another type, or compressed",
    422: "The content is not acceptable and will stay so",
    429: "Too many at once; see Retry-After",
    503: "Not available at the moment; try again, see Retry-After",
}


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


def refuses(**statuses: tuple[int, ...]) -> Callable[[type[_View]], type[_View]]:
    """Notes on a view which refusals of its own it has: status codes by method or, in a view set, by action."""

    def note(view: type[_View]) -> type[_View]:
        setattr(view, REFUSALS, statuses)
        return view

    return note


class ProblemSchema(AutoSchema):
    """Adds the refusals an operation can answer with.

    Most follow from what it is: whether it needs an account, has a body, names something in its address. Those that only the view knows
    it tells by `refuses`.
    """

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if direction != "response":
            return bodies
        reference = self.resolve_serializer(ProblemSerializer, direction).ref
        for status in sorted(self._refusals()):
            bodies.setdefault(str(status), {"description": WORDS[status], "content": {"application/problem+json": {"schema": reference}}})
        for body in bodies.values():
            if CsvRenderer.media_type in body.get("content", {}):
                body["content"][CsvRenderer.media_type] = {"schema": {"type": "string", "description": "the whole list, a line per row"}}
        return bodies

    def _refusals(self) -> set[int]:
        refusals: Mapping[str, Iterable[int]] = getattr(self.view, REFUSALS, {})
        operation = getattr(self.view, "action", None) or self.method.lower()
        found = {406, 503, *refusals.get(operation, ())}
        if self.view.get_authenticators():
            found |= {401, 403}
        if "{" in self.path:
            found |= {404}
        if self.method in BODY_METHODS and self.get_request_serializer() is not None:
            found |= {400, 411, 413, 415}
        if self._is_list_view():
            found |= {400, 404}  # filters and cursors
            found |= {422} if isinstance(self.view, CsvList) else set()
        return found


class LocalTimes(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A time of day has no offset, so it is no `time` in the sense of JSON Schema."""

    target_class = serializers.TimeField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Literal["request", "response"]) -> dict[str, Any]:
        return {"type": "string", "pattern": LOCAL_TIME, "examples": ["09:30"]}
