from pathlib import Path

import pytest

from shared_schema.evaluate.lfw import Errata, Pair, list_images, read_labels, read_pairs
from shared_schema.face.types import FaceError

PAIRS = "2\t1\nAda\t1\t2\nAda\t1\tBen\t3\nCat\t4\t5\nCat\t4\tBen\t1\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "file.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_pairs_are_read_with_their_folds(tmp_path: Path) -> None:
    assert read_pairs(written(tmp_path, PAIRS)) == (
        Pair(0, same=True, first="Ada/Ada_0001.jpg", second="Ada/Ada_0002.jpg"),
        Pair(0, same=False, first="Ada/Ada_0001.jpg", second="Ben/Ben_0003.jpg"),
        Pair(1, same=True, first="Cat/Cat_0004.jpg", second="Cat/Cat_0005.jpg"),
        Pair(1, same=False, first="Cat/Cat_0004.jpg", second="Ben/Ben_0001.jpg"),
    )


@pytest.mark.parametrize("text", ["", "hello\n", "2\t1\n", PAIRS + "Ada\t1\t2\n", PAIRS.replace("\t5", ""), PAIRS.replace("\t5", "\tx")])
def test_what_is_no_list_of_pairs_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FaceError):
        read_pairs(written(tmp_path, text))


def test_errata_join_names_and_skip_images(tmp_path: Path) -> None:
    errata = Errata.read(written(tmp_path, "# known\nsame\tAda\tBen\nskip\tCat/Cat_0004\n"))
    mended = errata.mend(read_pairs(written(tmp_path, PAIRS)))
    assert [pair.same for pair in mended] == [True, True]
    assert errata.person("Ben/Ben_0001.jpg") == errata.person("Ada/Ada_0001.jpg")


@pytest.mark.parametrize("line", ["same\tAda", "other\tAda\tBen", "Ada Ben"])
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(FaceError, match="line 2"):
        Errata.read(written(tmp_path, f"# known\n{line}\n"))


def test_labels_may_be_separated_by_tab_or_comma(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, "Ada\twest\nBen,east\n")) == {"Ada": "west", "Ben": "east"}


def test_missing_folders_and_files_are_refused(tmp_path: Path) -> None:
    for act in (lambda: list_images(tmp_path / "none"), lambda: list_images(tmp_path), lambda: read_pairs(tmp_path / "none")):
        with pytest.raises(FaceError):
            act()
