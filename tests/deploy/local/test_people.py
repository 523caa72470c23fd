from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.local.api import Api
from deploy.local.errors import DemoError
from deploy.local.people import Enrolment, built_in_people, people_in, person_name
from tests.deploy.local.fakes import FakeServer


def quiet(line: str) -> None:
    """Nobody listens."""


def lay(folder: Path, *paths: str) -> Path:
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.encode())
    return folder


@pytest.mark.parametrize(
    ("stem", "name"), [("Ada_Lovelace", "Ada Lovelace"), ("lin-manuel-miranda", "lin-manuel-miranda"), ("_A__b ", "A b")]
)
def test_underscores_become_spaces_and_the_rest_stays_as_written(stem: str, name: str) -> None:
    assert person_name(stem) == name


def test_a_picture_is_a_person_and_a_folder_of_pictures_is_one_person(tmp_path: Path) -> None:
    lay(tmp_path, "B_One.png", "C Two/1.jpg", "C Two/2.JPEG", "A.jpg", ".hidden.jpg")
    said: list[str] = []
    people = people_in(tmp_path, said.append)
    assert [(person.name, [picture.label for picture in person.pictures]) for person in people] == [
        ("A", ["A.jpg"]),
        ("B One", ["B_One.png"]),
        ("C Two", ["C Two/1.jpg", "C Two/2.JPEG"]),
    ]
    assert said == []


def test_a_file_and_a_folder_of_the_same_name_are_one_person(tmp_path: Path) -> None:
    (person,) = people_in(lay(tmp_path, "A_B.jpg", "A_B/more.png"), quiet)
    assert sorted(picture.label for picture in person.pictures) == ["A_B.jpg", "A_B/more.png"]


def test_what_is_not_a_picture_is_said_and_passed_over(tmp_path: Path) -> None:
    said: list[str] = []
    people = people_in(lay(tmp_path, "A.jpg", "notes.txt", "B/list.csv"), said.append)
    assert [person.name for person in people] == ["A"]
    assert len(said) == 2
    assert "notes.txt" in said[1]


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_missing_or_empty_folder_says_what_is_wanted(tmp_path: Path, path: str) -> None:
    with pytest.raises(DemoError, match=r"Name\.jpg") as caught:
        people_in(tmp_path / path, quiet)
    assert caught.value.exit_code == 2


def test_the_built_in_person_is_a_readable_portrait() -> None:
    (person,) = built_in_people()
    image = cv2.imdecode(np.frombuffer(person.pictures[0].read(), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (512, 512, 3)


def test_an_unusable_picture_is_one_line_and_the_others_go_on(tmp_path: Path, fake_server: FakeServer) -> None:
    fake_server.refuse = lambda image: "No face was found: use a picture that shows the face from the front." if b"B" in image else None
    said: list[str] = []
    people = people_in(lay(tmp_path, "A.jpg", "B.jpg", "C.jpg"), said.append)
    assert Enrolment(Api(fake_server.address), tmp_path / "enrolled.json", said.append).enrol(people) == 2
    assert [line for line in said if "B.jpg" in line] == ["  B.jpg: No face was found: use a picture that shows the face from the front."]
    assert sorted(name for name, _ in fake_server.samples) == ["A", "C"]
    assert sorted(fake_server.people.values()) == ["A", "C"]


def test_nobody_usable_is_an_error(tmp_path: Path, fake_server: FakeServer) -> None:
    fake_server.refuse = lambda _: "No face was found."
    people = people_in(lay(tmp_path, "A.jpg"), quiet)
    with pytest.raises(DemoError, match="nobody could be enrolled"):
        Enrolment(Api(fake_server.address), tmp_path / "enrolled.json", quiet).enrol(people)


def test_a_second_start_enrols_nobody_twice(tmp_path: Path, fake_server: FakeServer) -> None:
    people = people_in(lay(tmp_path / "people", "A.jpg", "B/1.jpg", "B/2.jpg", "C.jpg"), quiet)
    for _ in range(2):
        assert Enrolment(Api(fake_server.address), tmp_path / "enrolled.json", quiet).enrol(people) == 3
    assert sorted(fake_server.people.values()) == ["A", "B", "C"]
    assert len(fake_server.samples) == 4


def test_a_start_that_forgot_its_notes_finds_the_people_on_the_server(tmp_path: Path, fake_server: FakeServer) -> None:
    people = people_in(lay(tmp_path / "people", "A.jpg", "B.jpg", "C.jpg"), quiet)
    for notes in ("first.json", "second.json"):
        Enrolment(Api(fake_server.address), tmp_path / notes, quiet).enrol(people)
    assert sorted(fake_server.people.values()) == ["A", "B", "C"]
