import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from edge_client.errors import ConfigError
from edge_client.simulate.plan import Model, Plan, is_loopback, read_claims, read_people
from shared_schema.ids import ModelId, PersonId

ANN, BOB = (PersonId(UUID(int=number)) for number in (1, 2))
PLAN = Plan(server="http://127.0.0.1:8000", people=(ANN,), model=Model(ModelId("m"), 4))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"next": None, "results": [{"id": str(ANN), "name": "A"}, {"id": str(BOB), "name": "B"}]}),
        json.dumps([str(ANN), str(BOB), str(ANN)]),
        json.dumps([{"id": str(ANN)}, {"id": str(BOB)}]),
        f"name,id\nA,{ANN}\nB,{BOB}\n",
    ],
    ids=["the API's answer", "a list of ids", "a list of objects", "CSV"],
)
def test_people_come_as_the_server_gives_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "people").write_text(text)
    assert read_people(tmp_path / "people") == (ANN, BOB)


@pytest.mark.parametrize("text", ["", "[]", "[1]", "{", '{"results": [{"name": "A"}]}', "name\nA\n", "id\nnobody\n"])
def test_a_file_that_names_nobody_is_refused_with_what_it_needs(tmp_path: Path, text: str) -> None:
    (tmp_path / "people").write_text(text)
    with pytest.raises(ConfigError, match="it needs the people's ids, as `GET /api/v1/people` gives them"):
        read_people(tmp_path / "people")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*people"):
        read_people(tmp_path / "people")


def test_claim_tokens_are_lines(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("# made today\nfirst\n\n second \n")
    assert read_claims(tmp_path / "claims") == ["first", "second"]


@pytest.mark.parametrize(
    ("server", "yes"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://localhost", True),
        ("https://lintel.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback_is_known_from_other_machines(server: str, yes: bool) -> None:  # noqa: FBT001
    assert is_loopback(server) is yes


def test_another_machine_is_loaded_only_when_that_is_said() -> None:
    there = replace(PLAN, server="https://lintel.example.org")
    with pytest.raises(ConfigError, match="add --yes-load-this-server"):
        there.check(may_be_remote=False)
    there.check(may_be_remote=True)


@pytest.mark.parametrize(
    "plan",
    [replace(PLAN, nodes=0), replace(PLAN, nodes=1001), replace(PLAN, rate=0), replace(PLAN, seconds=0), replace(PLAN, offline_days=401)],
)
def test_what_is_out_of_bounds_is_named(plan: Plan) -> None:
    PLAN.check(may_be_remote=False)
    with pytest.raises(ConfigError, match=r"^--[a-z-]+ must be from .* to "):
        plan.check(may_be_remote=False)


def test_a_backlog_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    PLAN.check_room(tmp_path)
    with pytest.raises(ConfigError, match=r"the backlog would take about \d+ GB"):
        replace(PLAN, nodes=1000, rate=600, offline_days=400).check_room(tmp_path)
