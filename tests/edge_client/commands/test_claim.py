from collections.abc import Callable
from pathlib import Path

import pytest

from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.errors import EdgeError, Unavailable
from edge_client.identity import IdentityFolder, KeyFolder
from shared_schema.node import ClaimRequest
from tests.edge_client.fakes import FakeServer, claim_answer

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
