from pathlib import Path

import pytest

from server.config.configuration import ConfigurationError, FolderObjects, S3Objects, load


def written(folder: Path, text: str) -> Path:
    path = folder / "server.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_is_a_safe_configuration(tmp_path: Path) -> None:
    config = load(written(tmp_path, ""))
    assert config.secure_cookies
    assert config.bind == "127.0.0.1:8000"
    assert isinstance(config.objects, FolderObjects)


def test_everything_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("word\n")
    text = f"""
data = "/srv/lintel"
bind = "0.0.0.0:80"
allowed_hosts = ["a.example"]
[database]
name = "n"
user = "u"
host = "/run"
port = 1
password_file = "{tmp_path}/password"
[objects]
kind = "s3"
bucket = "b"
endpoint_url = "https://s3.example"
"""
    config = load(written(tmp_path, text))
    assert config.database.password() == "word"
    assert isinstance(config.objects, S3Objects)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 3", "colour: is not a known key"),
        ("[database]\nhots = 3", "database.hots: is not a known key"),
        ("bind = 'here'", "bind"),
        ("bind = [", "is not TOML"),
        ("[objects]\nkind = 'tape'", "objects"),
        ("[database]\nport = 'x'", "database.port"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.toml") as caught:
        load(written(tmp_path, text))
    assert words in str(caught.value)


def test_no_file_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LINTEL_SERVER_CONFIG"):
        load(tmp_path / "nothing.toml")


def test_a_password_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    config = load(written(tmp_path, '[database]\npassword_file = "/nowhere/password"'))
    with pytest.raises(ConfigurationError, match="/nowhere/password"):
        config.database.password()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('bind = "localhost"', "bind: write HOST:PORT, for example 127.0.0.1:8000"),
        ('bind = "127.0.0.1:99999"', "bind: write HOST:PORT"),
        ('bind = "127.0.0.1:0"', "bind: write HOST:PORT"),
        ('[objects]\nkind = "s3"', "objects.s3.bucket: is missing; add it"),
        ("dta = 1", "dta: is not a known key; remove it or correct its spelling"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_another_model_set_is_named_by_its_whole_path(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")).models.folder is None
    assert load(written(tmp_path, f'[models]\nfolder = "{tmp_path}"')).models.folder == tmp_path
    with pytest.raises(ConfigurationError, match=r"models\.folder: write the whole path"):
        load(written(tmp_path, '[models]\nfolder = "models/mine"'))
