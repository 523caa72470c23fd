from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from server.core.middleware import MAX_REST_BYTES, BodyLimits, DatabaseDown


def post(size: int, *, encoding: str = "identity") -> HttpRequest:
    return RequestFactory().post("/api/v1/node/records", b"x" * size, content_type="application/json", HTTP_CONTENT_ENCODING=encoding)


def answered(request: HttpRequest) -> HttpResponse:
    response = BodyLimits(lambda _: HttpResponse(status=401))(request)
    assert isinstance(response, HttpResponse)
    return response


def test_what_a_view_left_unread_is_read_before_the_answer() -> None:
    request = post(100_000)
    assert answered(request).status_code == 401
    assert request.read() == b""


def test_a_refusal_before_the_view_reads_the_body_too() -> None:
    request = post(1000, encoding="gzip")
    assert answered(request).status_code == 415
    assert request.read() == b""


def test_a_large_body_that_nobody_wanted_is_not_read() -> None:
    request = post(MAX_REST_BYTES + 1)
    answered(request)
    assert len(request.read()) == MAX_REST_BYTES + 1


def test_a_body_that_was_read_is_no_fault() -> None:
    request = post(10)
    assert request.body == b"x" * 10
    assert answered(request).status_code == 401


def test_a_page_without_a_database_is_503() -> None:
    page = RequestFactory().get("/")
    response = DatabaseDown(lambda _: HttpResponse()).process_exception(page, OperationalError("gone"))
    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_every_other_fault_of_a_page_is_left_to_django() -> None:
    assert DatabaseDown(lambda _: HttpResponse()).process_exception(RequestFactory().get("/"), ValueError()) is None
