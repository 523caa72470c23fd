import json
from pathlib import Path

import pytest

from edge_client.errors import EdgeError, NotClaimed
from edge_client.identity import IdentityFolder
from edge_client.node_token import NodeToken, TokenFile, Tokens
from shared_schema.node import TokenAnswer
from tests.edge_client.fakes import an_identity, make_claimed

FIRST, NEXT = "bearer-of-the-test", "the-next-bearer"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    make_claimed(tmp_path)
    return tmp_path


def answer(token: str = NEXT, generation: int = 2) -> TokenAnswer:
    return TokenAnswer(token=token, generation=generation)


def test_the_token_is_for_its_owner_alone_also_where_two_accounts_share_the_state(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    TokenFile(tmp_path).save(NodeToken(token=FIRST))
    assert (tmp_path / "identity" / "token.json").stat().st_mode & 0o777 == 0o600


def test_a_new_token_is_durable_and_used_from_the_next_request_on(state: Path) -> None:
    tokens = Tokens(TokenFile(state))
    assert (tokens.current(), tokens.generation) == (FIRST, 1)
    assert tokens.adopt(answer())
    assert (tokens.current(), tokens.generation) == (NEXT, 2)
    assert Tokens(TokenFile(state)).current() == NEXT


def test_the_same_answer_again_changes_nothing(state: Path) -> None:
    tokens = Tokens(TokenFile(state))
    tokens.adopt(answer())
    assert not tokens.adopt(answer())
    assert [token.token for token in TokenFile(state).load()] == [NEXT, FIRST]


def test_a_server_restored_to_the_older_token_gets_that_also_after_a_restart(state: Path) -> None:
    Tokens(TokenFile(state)).adopt(answer())
    tokens = Tokens(TokenFile(state))
    tokens.refused()
    assert (tokens.current(), tokens.generation) == (FIRST, 1)
    assert tokens.adopt(answer())
    assert tokens.current() == NEXT


def test_control_a_node_with_one_token_has_no_other_to_try(state: Path) -> None:
    tokens = Tokens(TokenFile(state))
    tokens.refused()
    assert tokens.current() == FIRST


def test_a_token_that_cannot_be_kept_is_not_used(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    tokens = Tokens(TokenFile(state))
    monkeypatch.setattr(TokenFile, "save", full)
    with pytest.raises(OSError, match="No space"):
        tokens.adopt(answer())
    assert tokens.current() == FIRST


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ümlaut"])
def test_what_cannot_go_into_a_header_is_no_token(state: Path, token: str) -> None:
    with pytest.raises(EdgeError, match="cannot be one") as refused:
        Tokens(TokenFile(state)).adopt(answer(token))
    assert token == "" or token not in str(refused.value)
    assert Tokens(TokenFile(state)).current() == FIRST


def test_a_token_of_another_claim_is_noticed(state: Path) -> None:
    tokens = Tokens(TokenFile(state))
    assert not tokens.refresh()
    TokenFile(state).save(NodeToken(token="of-another-claim", generation=7))
    assert tokens.refresh()
    assert (tokens.current(), tokens.generation, tokens.refresh()) == ("of-another-claim", 7, False)


def test_a_token_of_an_earlier_release_is_moved_out_of_the_identity(tmp_path: Path) -> None:
    IdentityFolder(tmp_path).save(an_identity())
    path = tmp_path / "identity" / "identity.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "token": FIRST}), encoding="utf-8")
    assert TokenFile(tmp_path).load() == (NodeToken(token=FIRST),)
    assert FIRST not in path.read_text(encoding="utf-8")
    assert IdentityFolder(tmp_path).load() == an_identity()
    assert TokenFile(tmp_path).load() == (NodeToken(token=FIRST),)


def test_without_a_token_the_error_says_to_claim(tmp_path: Path) -> None:
    IdentityFolder(tmp_path).save(an_identity())
    with pytest.raises(NotClaimed, match="lintel-edge claim"):
        TokenFile(tmp_path).load()


def test_a_damaged_token_is_said_to_be_damaged_and_not_shown(state: Path) -> None:
    (state / "identity" / "token.json").write_text(f'{{"token": ["{FIRST}"]}}', encoding="utf-8")
    with pytest.raises(EdgeError, match="is damaged") as damaged:
        TokenFile(state).load()
    assert FIRST not in str(damaged.value)


def test_the_token_is_in_no_text_of_itself() -> None:
    assert FIRST not in repr(NodeToken(token=FIRST)) + str(NodeToken(token=FIRST))
