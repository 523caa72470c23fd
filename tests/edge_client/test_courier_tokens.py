"""The token at contact: changed, lost on the way, forgotten by the server, refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_client.courier import Courier
from edge_client.node_token import NodeToken, TokenFile
from tests.edge_client.courier_scene import FIRST, NEXT, Meet, a_courier, last_heartbeat, meeting
from tests.edge_client.fakes import FakeClock, FakeServer
from tests.edge_client.test_courier import answer


@pytest.fixture
def courier(tmp_path: Path, clock: FakeClock, server: FakeServer) -> Iterator[Courier]:
    courier = a_courier(tmp_path, clock, server)
    yield courier
    courier.close()


@pytest.fixture
def meet(courier: Courier, clock: FakeClock) -> Meet:
    return meeting(courier, clock)


def of_heartbeats(server: FakeServer) -> list[str]:
    return [token for token, call in zip(server.tokens, server.calls, strict=True) if call == "heartbeat"]


def test_the_token_is_changed_when_the_server_wants_it_and_used_from_the_next_request_on(
    tmp_path: Path, server: FakeServer, meet: Meet
) -> None:
    server.answers["heartbeat"] = lambda _: answer(rotate_token=True)
    meet()
    assert (last_heartbeat(server).token_generation, [token.token for token in TokenFile(tmp_path).load()]) == (1, [NEXT, FIRST])
    meet()
    assert (last_heartbeat(server).token_generation, of_heartbeats(server)) == (2, [FIRST, NEXT])


@pytest.mark.parametrize("lost", ["commit_then_reset", "reset", (500, {}, ""), "wrong_body", "captive_portal"])
def test_a_next_token_whose_answer_was_lost_is_asked_for_again(tmp_path: Path, server: FakeServer, meet: Meet, lost: object) -> None:
    server.answers["heartbeat"] = lambda _: answer(rotate_token=True)
    server.faults["token"] = [lost]  # type: ignore[list-item]
    meet()
    assert TokenFile(tmp_path).load()[0].token == FIRST
    meet()
    assert TokenFile(tmp_path).load()[0].token == NEXT
    assert of_heartbeats(server) == [FIRST, FIRST]


def test_a_server_that_forgot_the_newer_token_is_spoken_to_with_the_older(
    tmp_path: Path, server: FakeServer, courier: Courier, meet: Meet
) -> None:
    server.answers["heartbeat"] = lambda _: answer(rotate_token=True)
    meet()
    server.answers["heartbeat"] = lambda _: answer()
    server.faults["heartbeat"] = [(401, {}, "unknown_token")]
    meet()
    meet()
    assert of_heartbeats(server) == [FIRST, NEXT, FIRST]
    assert (last_heartbeat(server).token_generation, courier.contact.is_refused) == (1, False)


def test_control_a_node_that_is_frozen_does_not_try_its_other_token(server: FakeServer, meet: Meet) -> None:
    server.answers["heartbeat"] = lambda _: answer(rotate_token=True)
    meet()
    server.faults["heartbeat"] = [(403, {}, "node_frozen")] * 2
    meet()
    meet()
    assert of_heartbeats(server) == [FIRST, NEXT, NEXT]


def test_a_node_that_is_refused_asks_ever_less_often_and_sends_no_records(server: FakeServer, courier: Courier, clock: FakeClock) -> None:
    server.faults["heartbeat"] = [(403, {}, "node_revoked")] * 100
    for _ in range(600):
        courier.contact.step()
        clock.go_on(1)
    assert 10 <= server.calls.count("heartbeat") <= 25
    assert (courier.contact.is_refused, courier.contact.records_may_go) == (True, False)


def test_a_new_claim_is_tried_at_once(tmp_path: Path, server: FakeServer, courier: Courier, clock: FakeClock) -> None:
    server.faults["heartbeat"] = [(401, {}, "unknown_token")] * 8
    for _ in range(8):
        clock.go_on(700)
        courier.contact.step()
    TokenFile(tmp_path).save(NodeToken(token="of-another-claim"))
    courier.contact.step()
    assert of_heartbeats(server)[-2:] == [FIRST, "of-another-claim"]
    assert not courier.contact.is_refused


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_a_token_file_that_fails_is_no_reason_to_give_up_the_token_that_works(
    tmp_path: Path, server: FakeServer, meet: Meet, text: str | None
) -> None:
    meet()
    path = tmp_path / "identity" / "token.json"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    meet()
    TokenFile(tmp_path).save(NodeToken(token=NEXT, generation=2))
    meet()
    assert of_heartbeats(server) == [FIRST, FIRST, NEXT]
