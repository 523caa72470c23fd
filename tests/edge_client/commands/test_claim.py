import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_client.accounts import Accounts
from edge_client.commands.claim import claim, share_out
from edge_client.config import CameraConfig, NodeConfig
from edge_client.errors import EdgeError, Unavailable
from edge_client.identity import IdentityFolder, KeyFolder
from edge_client.node_token import TokenFile
from shared_schema.envelope import Kind
from shared_schema.node import ClaimRequest
from tests.edge_client.fakes import FakeServer, claim_answer, open_outbox

TOKEN = "one-time-token-of-the-test"


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    return NodeConfig(state=tmp_path, camera=CameraConfig(kind="replay", source="clip.mp4"))


def _idempotent() -> Callable[[bytes], str]:
    """One key per token, as the protocol says."""
    keys: set[bytes] = set()

    def answer(body: bytes) -> str:
        request = ClaimRequest.model_validate_json(body)
        assert request.proves_its_key()
        keys.add(request.public_key)
        assert len(keys) == 1
        return claim_answer().model_dump_json()

    return answer


def test_a_claim_gives_an_identity(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = _idempotent()
    identity = claim(config, server=server.url, token=TOKEN)
    assert IdentityFolder(config.state).load() == identity
    assert identity.server == server.url


def test_a_claim_is_repeated_with_the_same_key_after_a_lost_answer(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = _idempotent()
    server.faults["claim"] = ["commit_then_reset"]
    with pytest.raises(Unavailable):
        claim(config, server=server.url, token=TOKEN)
    claim(config, server=server.url, token=TOKEN)
    first, second = server.bodies["claim"]
    assert first == second


def test_the_private_key_is_not_sent(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = _idempotent()
    claim(config, server=server.url, token=TOKEN)
    private = (config.state / "keys" / "signing.key").read_bytes()
    request = ClaimRequest.model_validate_json(server.bodies["claim"][0])
    assert request.public_key == KeyFolder(config.state).public_key() != private


def test_a_consumed_token_shows_the_servers_sentence_in_one_line(config: NodeConfig, server: FakeServer) -> None:
    server.faults["claim"] = [(409, {}, "token_consumed")]
    with pytest.raises(EdgeError, match="refused the claim: detail of token_consumed") as refusal:
        claim(config, server=server.url, token=TOKEN)
    assert "\n" not in str(refusal.value)
    assert not (config.state / "identity" / "identity.json").exists()


def test_a_refused_claim_leaves_an_earlier_identity_alone(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = _idempotent()
    earlier = claim(config, server=server.url, token=TOKEN)
    server.faults["claim"] = [(409, {}, "token_consumed")]
    with pytest.raises(EdgeError):
        claim(config, server=server.url, token=TOKEN)
    assert IdentityFolder(config.state).load() == earlier


def test_the_token_is_kept_apart_from_the_identity(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = _idempotent()
    claim(config, server=server.url, token=TOKEN)
    assert [token.token for token in TokenFile(config.state).load()] == ["bearer-of-the-test"]
    assert b"bearer-of-the-test" not in (config.state / "identity" / "identity.json").read_bytes()


def _public_keys(server: FakeServer) -> list[bytes]:
    return [ClaimRequest.model_validate_json(body).public_key for body in server.bodies["claim"]]


def test_a_node_that_is_claimed_again_keeps_its_key_and_gets_the_token_of_its_new_claim(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = lambda _: claim_answer().model_dump_json()
    claim(config, server=server.url, token=TOKEN)
    again = claim_answer().model_copy(update={"token": "the-bearer-of-another-claim", "token_generation": 5, "next_epoch": 7})
    server.answers["claim"] = lambda _: again.model_dump_json()
    identity = claim(config, server=server.url, token="another-one-time-token")
    assert (identity.next_epoch, len(set(_public_keys(server)))) == (7, 1)
    assert [(token.token, token.generation) for token in TokenFile(config.state).load()] == [("the-bearer-of-another-claim", 5)]


def test_with_a_new_key_the_node_has_it_when_the_claim_is_answered_and_not_before(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = lambda _: claim_answer().model_dump_json()
    claim(config, server=server.url, token=TOKEN)
    before = KeyFolder(config.state).public_key()
    server.faults["claim"] = ["commit_then_reset"]
    with pytest.raises(Unavailable):
        claim(config, server=server.url, token="another-one-time-token", new_key=True)
    assert KeyFolder(config.state).public_key() == before
    claim(config, server=server.url, token="another-one-time-token", new_key=True)
    first, second, third = _public_keys(server)
    assert (first, second == third, KeyFolder(config.state).public_key()) == (before, True, third)
    assert before != third


def test_a_new_key_is_refused_while_records_wait_that_the_old_one_signed(config: NodeConfig, server: FakeServer) -> None:
    server.answers["claim"] = lambda _: claim_answer().model_dump_json()
    claim(config, server=server.url, token=TOKEN)
    outbox = open_outbox(config.state / "outbox")
    outbox.put(Kind.SIGHTING, b"{}")
    outbox.close()
    with pytest.raises(EdgeError, match="holds 1 records signed with the present key"):
        claim(config, server=server.url, token="another-one-time-token", new_key=True)
    assert server.calls.count("claim") == 1
    claim(config, server=server.url, token="another-one-time-token")


def test_root_gives_each_account_what_is_its_own_and_says_so(
    config: NodeConfig, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: dict[str, tuple[int, int]] = {}

    def chown(path: Path, user: int, group: int, *, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        owners[str(Path(path).relative_to(config.state))] = (user, group)

    server.answers["claim"] = _idempotent()
    claim(config, server=server.url, token=TOKEN)
    (config.state / "identity" / "elsewhere").symlink_to("/etc/hostname")
    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = share_out(config, Accounts(capture=101, courier=102, group=103))
    assert said == "the signing key is lintel-capture's alone, the token lintel-courier's alone"
    assert owners == {
        "keys": (101, 103),
        "keys/signing.key": (101, 103),
        "identity": (102, 103),
        "identity/identity.json": (102, 103),
        "identity/token.json": (102, 103),
    }
    modes = {name: (config.state / name).stat().st_mode & 0o7777 for name in owners}
    assert modes == {
        "keys": 0o700,
        "keys/signing.key": 0o600,
        "identity": 0o2770,
        "identity/identity.json": 0o660,
        "identity/token.json": 0o600,
    }


@pytest.mark.parametrize(("user", "accounts"), [(1000, Accounts(101, 102, 103)), (0, None)])
def test_anybody_else_and_a_machine_without_the_accounts_keep_it_all(
    config: NodeConfig, monkeypatch: pytest.MonkeyPatch, user: int, accounts: Accounts | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(Accounts, "of_this_machine", lambda: None)
    assert share_out(config, accounts) is None
