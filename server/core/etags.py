"""Edits that do not overwrite each other: an answer's ETag is the row's version, and If-Match says which version is meant."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from server.core.errors import Stale

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="the ETag of what was read; 412 where somebody changed it since. Without it: whatever is there",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="the ETag of what you have; 304 where it is still so"
)


def etag(version: int) -> str:
    """The ETag of a row in this version."""
    return f'"{version}"'


def require_match(request: Request, version: int) -> None:
    """Raises Stale where the request is about another version than this one; without If-Match it is about any.

    Call it in the transaction of the change, with the row locked. A weak tag counts as the strong one: proxies that compress weaken it.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag(version) not in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}:
        raise Stale("stale", "Somebody changed it since you read it; read it again and repeat your change.")


def is_known(request: Request, version: int) -> bool:
    """Whether the caller already has this version, by If-None-Match."""
    known = request.headers.get("If-None-Match")
    if known is None:
        return False
    return known.strip() == "*" or etag(version) in {tag.strip().removeprefix("W/") for tag in known.split(",")}
