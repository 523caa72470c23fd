from pathlib import Path

import pytest

from edge_client.errors import EdgeError, NotClaimed
from edge_client.identity import IdentityFolder
from tests.edge_client.fakes import an_identity


def test_identity_and_key_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    folder.ensure_key()
    folder.save(an_identity())
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "identity").iterdir()}
    assert modes == {"identity.json": 0o600, "signing.key": 0o600}
    assert (tmp_path / "identity").stat().st_mode & 0o777 == 0o700


def test_the_key_is_made_once(tmp_path: Path) -> None:
    assert IdentityFolder(tmp_path).ensure_key() == IdentityFolder(tmp_path).ensure_key()


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    folder.ensure_key()
    folder.save(an_identity())
    assert folder.load() == an_identity()


def test_the_token_is_in_no_text_of_the_identity() -> None:
    assert "bearer-of-the-test" not in repr(an_identity()) + str(an_identity())


def test_without_an_identity_the_error_says_to_claim(tmp_path: Path) -> None:
    with pytest.raises(NotClaimed, match="lintel-edge claim"):
        IdentityFolder(tmp_path).load()
    with pytest.raises(NotClaimed, match="claim"):
        IdentityFolder(tmp_path).signer()


def test_a_damaged_identity_is_said_to_be_damaged(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    folder.save(an_identity())
    (tmp_path / "identity" / "identity.json").write_text("{")
    with pytest.raises(EdgeError, match="is damaged"):
        folder.load()
