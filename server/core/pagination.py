"""Cursor pagination: `{next, previous, results}`. Every list states its ordering."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """Oldest first by key; a list with another order derives its own class."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "id"


def ordered_by(*fields: str) -> type[CursorPages]:
    """Pages in this order. The last field must be unique."""
    return type("OrderedCursorPages", (CursorPages,), {"ordering": fields})
