import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from server.core.errors import Stale
from server.core.etags import etag, require_match


def asking(if_match: str | None) -> Request:
    return Request(APIRequestFactory().patch("/", headers={} if if_match is None else {"If-Match": if_match}))


@pytest.mark.parametrize("if_match", [None, "*", " * ", '"7"', 'W/"7"', '"6", "7"', '"6",W/"7"'])
def test_a_change_of_the_version_that_was_read_goes_on(if_match: str | None) -> None:
    require_match(asking(if_match), 7)


@pytest.mark.parametrize("if_match", ['"6"', "7", "", '"77"', "garbage", '"7', '"6", *'])
def test_a_change_of_another_version_is_refused_and_says_to_read_again(if_match: str) -> None:
    with pytest.raises(Stale, match="read it again") as refused:
        require_match(asking(if_match), 7)
    assert (refused.value.status, refused.value.code) == (412, "stale")


def test_every_version_has_its_own_tag() -> None:
    assert (etag(1), etag(2)) == ('"1"', '"2"')
