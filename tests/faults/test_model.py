"""F24: node, network and server as a state machine, with the node's real parts."""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from shared_schema.envelope import Envelope, Kind
from shared_schema.ids import Epoch, Seq
from shared_schema.node import RecordBatch, RecordItem
from tests.edge_client.fakes import NODE
from tests.faults.model_machine import NodeMachine
from tests.faults.model_server import ModelServer

FULL_STEPS = 100_000
STEPS_A_RUN = 50


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What a hundred thousand steps tell the journal helps nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def run(examples: int, *, seed_is_fixed: bool) -> "Counter[str]":
    """The steps that were made."""

    NodeMachine.steps = Counter()
    how = settings(
        max_examples=examples,
        stateful_step_count=STEPS_A_RUN,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=seed_is_fixed,
        phases=(Phase.generate,) if seed_is_fixed else (Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(NodeMachine, settings=how)
    return NodeMachine.steps


def test_nothing_is_lost_doubled_or_invented_whatever_happens_in_whatever_order() -> None:
    steps = run(30, seed_is_fixed=True)
    assert steps["drained"] >= 30


@pytest.fixture
def machine() -> Iterator[NodeMachine]:
    NodeMachine.steps = Counter()
    machine = NodeMachine()
    yield machine
    machine.copies[0].kill_courier()
    machine.copies[0].kill_capture()
    shutil.rmtree(machine.root)


def test_control_a_server_that_calls_archived_what_no_backup_holds_is_found_out(
    machine: NodeMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelServer, "_is_archived", lambda *_: True)
    machine.begin(archives=True)
    machine.somebody_passes(0, ["sighting"])
    machine.send(0, crops=False)
    machine.nothing_announced_is_lost()
    machine.the_server_is_restored()
    with pytest.raises(AssertionError, match="I1"):
        machine.nothing_announced_is_lost()


def test_control_a_server_that_takes_any_signature_is_found_out(machine: NodeMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelServer, "_fault", lambda *_: None)
    machine.begin(archives=False)
    forged = Envelope.seal(b"{}", node=NODE, epoch=Epoch(1), seq=Seq(1), kind=Kind.SIGHTING, signer=Ed25519PrivateKey.generate())
    machine.server.records(machine.server.token_of(1), RecordBatch(items=(RecordItem(envelope=forged),)))
    with pytest.raises(AssertionError, match="I3"):
        machine.nothing_is_invented_changed_or_doubled()


@pytest.mark.faults
def test_nothing_is_lost_doubled_or_invented_in_a_hundred_thousand_steps(tell: Callable[[str], None]) -> None:
    steps: Counter[str] = Counter()
    while steps["steps"] < FULL_STEPS:
        steps += run(200, seed_is_fixed=False)
    tell(f"state machine: {steps['steps']} steps in {steps['drained']} histories, each drained: nothing lost, doubled or invented")
