import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from deploy.local import postgres
from deploy.local.data_folder import DataFolder
from deploy.local.errors import DemoError
from deploy.local.postgres import Place, Postgres, find_place, others_can_pass

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to keep PostgreSQL out of closed folders")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder others can pass through: pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="lintel-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_the_database_is_made_once_and_keeps_its_data(open_folder: Path) -> None:
    folder = DataFolder.open(open_folder / "data")
    place = find_place(folder, elsewhere=open_folder / "elsewhere")
    for create in (True, False):
        running = Postgres(place, folder.logs / "postgres.log")
        running.start()
        try:
            with psycopg2.connect(host=str(running.host), user="postgres", dbname="lintel") as connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE kept ()" if create else "SELECT * FROM kept")
            connection.close()
        finally:
            running.stop()
        assert running.part is not None
        assert not running.part.running


@as_root
def test_no_folder_above_the_data_is_opened_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    folder = DataFolder.open(closed / "data")
    modes = {path: path.stat().st_mode for path in (closed, *closed.parents)}
    assert not others_can_pass(folder.root)
    place = find_place(folder, elsewhere=tmp_path / "elsewhere")
    assert place.cluster.is_relative_to(tmp_path / "elsewhere")
    assert modes == {path: path.stat().st_mode for path in modes}


@as_root
def test_a_deleted_data_folder_takes_its_database_along(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    place = find_place(DataFolder.open(closed / "data"), elsewhere=tmp_path / "elsewhere")
    place.cluster.mkdir()
    assert find_place(DataFolder.open(closed / "data"), elsewhere=tmp_path / "elsewhere").cluster.exists()
    (closed / "data" / "demo" / "cluster").unlink()
    assert not find_place(DataFolder.open(closed / "data"), elsewhere=tmp_path / "elsewhere").cluster.exists()


@as_root
def test_a_database_that_is_not_this_folders_is_not_touched(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    place = find_place(DataFolder.open(closed / "data"), elsewhere=tmp_path / "elsewhere")
    (place.cluster.parent / "owner").write_text("somebody else")
    with pytest.raises(DemoError, match="to begin anew"):
        find_place(DataFolder.open(closed / "data"), elsewhere=tmp_path / "elsewhere")


def test_a_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(DemoError, match="made by PostgreSQL 9"):
        Postgres(Place(cluster, Path("/usr/bin"), None), tmp_path / "postgres.log").start()
    assert postgres.VERSION != "9"
