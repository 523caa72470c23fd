"""The play on a bare Debian: from nothing to a sighting on the server, nothing the second time, and plain words when it cannot be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.virtual import by_hand
from tests.deploy.virtual.by_hand import UNITS
from tests.deploy.virtual.conftest import TARGET
from tests.deploy.virtual.house import House
from tests.deploy.virtual.machine import Machine, booted, copy_of_debian, until
from tests.deploy.virtual.play import ANSIBLE, Operator, Outcome

pytestmark = [
    pytest.mark.virtual,
    pytest.mark.skipif(not ANSIBLE.exists(), reason="Ansible is not installed: `make ansible-proof` prepares it"),
]
MODELS = "/opt/lintel/lib/python3.11/site-packages/shared_schema/face/models"


def told(outcome: Outcome) -> Outcome:
    print(f"\n{outcome.recap}" + (f"\n  {outcome.reason}" if outcome.code else ""))
    return outcome


@pytest.fixture(scope="module")
def operator(folder: Path, wheels: Path) -> Operator:
    (folder / "operator").mkdir()
    variables = {
        "lintel_edge_server_url": "http://127.0.0.1:8000",
        "lintel_edge_wheelhouse": str(wheels),
        "lintel_edge_camera": {"kind": "replay", "source": "/opt/clip/walk.avi", "repeat": True},
        "lintel_edge_ntp_servers": ["127.0.0.1"],
        "lintel_edge_health_patience_s": 60,
    }
    return Operator(folder / "operator", variables)


@pytest.fixture(scope="module")
def root(folder: Path, operator: Operator, clip: Path) -> Path:
    """A bare Debian with the packages, which the play installs while there is a network."""
    root = copy_of_debian(folder / "played")
    by_hand.bring_clip(root, clip)
    operator.may_enter(root)
    outcome = told(operator.plays_into_folder(root, "--tags=lintel_edge_packages"))
    assert outcome.code == 0, outcome.output
    return root


@pytest.fixture(scope="module")
def machine(root: Path, house: House) -> Iterator[Machine]:
    with booted(root) as machine:
        yield machine


def test_trying_it_out_changes_nothing_and_does_not_fail(machine: Machine, operator: Operator) -> None:
    outcome = told(operator.plays("--check", lintel_edge_claim_token="0123456789abcdef"))
    assert outcome.code == 0, outcome.output
    assert machine.run("ls", "/etc/lintel", "/opt/lintel", check=False).stdout == ""


def test_a_wheelhouse_that_lacks_a_wheel_is_named(machine: Machine, operator: Operator, wheels: Path) -> None:
    missing = next((wheels / TARGET).glob("numpy-*.whl"))
    elsewhere = missing.rename(wheels / missing.name)
    outcome = told(operator.plays())
    elsewhere.rename(missing)
    assert outcome.code != 0
    assert f"is not complete; make it anew with `make wheelhouse ARGS={TARGET}`" in outcome.reason
    assert "numpy" in outcome.reason


def test_no_wheelhouse_at_all_is_said_before_anything_is_changed(machine: Machine, operator: Operator, tmp_path: Path) -> None:
    outcome = told(operator.plays(lintel_edge_wheelhouse=str(tmp_path)))
    assert (outcome.code != 0, outcome.changed) == (True, 0)
    assert f"run `make wheelhouse ARGS={TARGET}`" in outcome.reason


def test_a_node_without_a_token_is_told_where_to_get_one(machine: Machine, operator: Operator) -> None:
    outcome = told(operator.plays())
    assert outcome.code != 0
    assert "is not claimed: make a claim for its door on the page Nodes" in outcome.reason


def test_a_wrong_token_is_refused_with_the_servers_own_words(machine: Machine, operator: Operator) -> None:
    outcome = told(operator.plays(lintel_edge_claim_token="0123456789abcdef0123456789abcdef"))
    assert outcome.code != 0
    assert "virtual was not claimed: the server refused the claim" in outcome.reason


def test_a_server_that_is_down_is_said_and_the_token_is_good_for_another_try(machine: Machine, operator: Operator, house: House) -> None:
    token = house.claim_token("played")
    house.stop_serving()
    outcome = told(operator.plays(lintel_edge_claim_token=token))
    house.serve_again()
    assert outcome.code != 0
    assert "virtual was not claimed:" in outcome.reason
    assert token not in outcome.output


def test_from_nothing_to_a_sighting_on_the_server(machine: Machine, operator: Operator, house: House) -> None:
    token = house.claim_token("played")
    outcome = told(operator.plays(lintel_edge_claim_token=token))
    assert outcome.code == 0, outcome.output
    assert token not in outcome.output
    assert machine.says("systemctl", "is-active", *UNITS).split() == ["active", "active"]
    took = until("a sighting is on the server", 60, house.sightings)
    print(f"first sighting {took:.1f} s after the play: {house.sightings()[0]}")


def test_the_second_time_it_changes_nothing(machine: Machine, operator: Operator) -> None:
    for options in ((), ("--check",)):
        outcome = told(operator.plays(*options))
        assert (outcome.code, outcome.changed) == (0, 0), outcome.output


def test_another_setting_restarts_the_node_and_nothing_else(machine: Machine, operator: Operator) -> None:
    before = {unit: machine.property_of(unit, "MainPID") for unit in UNITS}
    outcome = told(operator.plays(lintel_edge_settings={"min_face_px": 50}))
    assert (outcome.code, outcome.changed) == (0, 3), outcome.output
    assert all(machine.property_of(unit, "MainPID") != pid for unit, pid in before.items())
    assert operator.plays().code == 0


def test_a_configuration_that_capture_would_refuse_is_not_put_in_place(machine: Machine, operator: Operator) -> None:
    before = machine.says("cat", "/etc/lintel/edge.toml")
    outcome = told(operator.plays(lintel_edge_settings={"min_face_pixels": 50}))
    assert outcome.code != 0
    assert "The configuration was not put in place: settings.min_face_pixels is not a known key" in outcome.reason
    assert machine.says("cat", "/etc/lintel/edge.toml") == before


def test_a_damaged_model_set_is_named(machine: Machine, operator: Operator) -> None:
    model = machine.says("sh", "-c", f"ls {MODELS}/*.tflite | head -1")
    machine.run("cp", model, "/root/kept.tflite")
    machine.run("sh", "-c", f"printf x | dd of={model} bs=1 seek=1000 conv=notrunc")
    outcome = told(operator.plays())
    machine.run("cp", "/root/kept.tflite", model)
    assert outcome.code != 0
    assert outcome.reason.startswith("The model set cannot be used:")


def test_a_server_that_went_away_makes_the_last_check_fail(machine: Machine, operator: Operator, house: House) -> None:
    house.stop_serving()
    outcome = told(operator.plays())
    house.serve_again()
    assert outcome.code != 0
    assert outcome.reason.startswith("virtual is not healthy.")


def test_a_camera_that_is_not_there_makes_the_last_check_fail(machine: Machine, operator: Operator) -> None:
    outcome = told(operator.plays(lintel_edge_camera={"kind": "opencv", "source": "7"}, lintel_edge_health_patience_s=15))
    assert outcome.code != 0
    assert outcome.reason.startswith("virtual is not healthy.")
    mended = told(operator.plays())
    assert mended.code == 0, mended.output
