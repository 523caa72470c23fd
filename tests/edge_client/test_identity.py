from pathlib import Path

import pytest

from edge_client.errors import EdgeError, NotClaimed
from edge_client.identity import Identity, IdentityFolder, KeyFolder
from tests.edge_client.fakes import SIGNER, an_identity, claim_answer

SECRET = b"\x03" * 32


def modes(state: Path) -> dict[str, int]:
    return {str(path.relative_to(state)): path.stat().st_mode & 0o7777 for path in sorted(state.rglob("*"))}


def test_identity_and_key_are_for_their_owner_alone(tmp_path: Path) -> None:
    KeyFolder(tmp_path).ensure()
    IdentityFolder(tmp_path).save(an_identity())
    assert modes(tmp_path) == {"identity": 0o700, "identity/identity.json": 0o600, "keys": 0o700, "keys/signing.key": 0o600}


def test_where_two_accounts_share_the_state_the_key_is_still_for_one_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    KeyFolder(tmp_path).ensure()
    IdentityFolder(tmp_path).save(an_identity())
    assert modes(tmp_path) == {"identity": 0o2770, "identity/identity.json": 0o660, "keys": 0o700, "keys/signing.key": 0o600}


def test_the_key_is_made_once(tmp_path: Path) -> None:
    assert KeyFolder(tmp_path).ensure() == KeyFolder(tmp_path).ensure()


def test_a_key_of_an_earlier_release_is_moved_to_where_capture_alone_can_read_it(tmp_path: Path) -> None:
    old = tmp_path / "identity" / "signing.key"
    old.parent.mkdir()
    old.write_bytes(SIGNER.private_bytes_raw())
    assert KeyFolder(tmp_path).ensure() == SIGNER.public_key().public_bytes_raw()
    assert (old.exists(), (tmp_path / "keys" / "signing.key").read_bytes()) == (False, SIGNER.private_bytes_raw())


def test_a_move_that_a_power_cut_interrupted_is_finished(tmp_path: Path) -> None:
    old = tmp_path / "identity" / "signing.key"
    old.parent.mkdir()
    KeyFolder(tmp_path).ensure()
    kept = KeyFolder(tmp_path).public_key()
    old.write_bytes((tmp_path / "keys" / "signing.key").read_bytes())
    assert (KeyFolder(tmp_path).public_key(), old.exists()) == (kept, False)


def test_a_claim_with_a_new_key_gets_the_same_one_at_every_repeat_and_the_node_has_it_when_it_is_answered(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path)
    before = keys.ensure()
    first = keys.for_claim("token-one", new=True).public_key().public_bytes_raw()
    assert first != before
    for new in (True, False):
        assert keys.for_claim("token-one", new=new).public_key().public_bytes_raw() == first
    assert keys.public_key() == before
    keys.claimed("token-one")
    assert keys.public_key() == first
    assert keys.for_claim("token-one", new=True).public_key().public_bytes_raw() == first
    assert keys.for_claim("token-two", new=True).public_key().public_bytes_raw() != first


def test_keys_of_claims_that_came_to_nothing_go_with_the_next_that_does(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path)
    keys.ensure()
    keys.for_claim("token-one", new=True)
    keys.claimed("token-two")
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["signing.key"]


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    folder.save(an_identity())
    assert folder.load() == an_identity()


def test_neither_the_token_nor_the_gallerys_secret_is_in_a_text_of_the_identity(tmp_path: Path) -> None:
    answer = claim_answer().model_copy(update={"gallery_secret": SECRET})
    identity = Identity.of_claim(answer, server="http://127.0.0.1:9")
    assert identity.gallery_secret == SECRET
    assert repr(SECRET) not in repr(identity) + str(identity)
    IdentityFolder(tmp_path).save(identity)
    assert answer.token not in (tmp_path / "identity" / "identity.json").read_text(encoding="utf-8")
    assert IdentityFolder(tmp_path).load() == identity


def test_without_an_identity_the_error_says_to_claim(tmp_path: Path) -> None:
    with pytest.raises(NotClaimed, match="lintel-edge claim"):
        IdentityFolder(tmp_path).load()
    with pytest.raises(NotClaimed, match="claim"):
        KeyFolder(tmp_path).signer()


def test_a_damaged_identity_is_said_to_be_damaged(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    folder.save(an_identity())
    (tmp_path / "identity" / "identity.json").write_text("{")
    with pytest.raises(EdgeError, match="is damaged"):
        folder.load()
