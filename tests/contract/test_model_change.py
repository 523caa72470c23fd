"""A change of the model on both sides, over HTTP: no door names anybody wrongly or stops naming meanwhile."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from edge_client.capture_report import CaptureReport, CaptureReportFile
from edge_client.capture_rules import Rules
from edge_client.clock import SystemClock
from edge_client.commands.claim import claim
from edge_client.config import CameraConfig, NodeConfig
from edge_client.courier import Courier, Surroundings, build
from edge_client.gallery_cache import GalleryCache
from server.gallery.models import Template
from server.gallery.reembed import person_reembed
from server.gallery.services import Upload, sample_add
from server.people.models import SampleEmbedding
from shared_schema.face.manifest import ModelSet
from tests.contract.claimed_node import claim_token
from tests.factories_people import collins, hopper, jpeg, make_person
from tests.server.gallery.other_model import other_set, use

__all__ = ["other_set"]
pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
WAIT_S = 60


class LiveServer(Protocol):
    url: str


@pytest.fixture
def config(tmp_path: Path) -> NodeConfig:
    return NodeConfig(state=tmp_path / "state", camera=CameraConfig(kind="replay", source="clip.mp4"))


@pytest.fixture
def courier(config: NodeConfig, live_server: LiveServer) -> Iterator[Courier]:
    claim(config, server=live_server.url, token=claim_token())
    courier = build(config, Surroundings(clock=SystemClock(), wait=lambda _: False))
    yield courier
    courier.close()


def enrol_two() -> None:
    for name, image in (("Grace Hopper", hopper()), ("Eileen Collins", collins())):
        sample_add(person=make_person(name), upload=Upload(jpeg(image), None))


def capture_says(config: NodeConfig, rules: Rules) -> None:
    """What capture leaves for the courier."""
    CaptureReportFile(config.run_folder).write(
        CaptureReport(
            at=SystemClock().reading(),
            camera="ok",
            model_id=rules.model_id,
            wanted_model_id=rules.wanted_model_id,
            gallery_revision=rules.gallery.revision,
            settings_revision=0,
        )
    )


def test_a_node_with_the_new_set_names_by_the_old_one_until_the_server_is_done(
    config: NodeConfig, courier: Courier, settings: Settings, other_set: Path
) -> None:
    old, new = ModelSet.load().embedder, ModelSet.load(other_set).embedder
    enrol_two()
    courier.contact.step()
    rules = Rules(config, GalleryCache(config.state), new, old)
    assert (rules.model_id, rules.gallery.size) == (old.model_id, 2)
    use(settings, other_set)
    capture_says(config, rules)
    courier.contact.step()
    assert not rules.is_ready_to_go_over()
    assert person_reembed(now=timezone.now())
    courier.contact.step()
    assert not rules.is_ready_to_go_over()
    while person_reembed(now=timezone.now()):
        pass
    courier.contact._due_ns = 0
    courier.contact.step()
    assert rules.is_ready_to_go_over()
    rules.go_over()
    assert (rules.model_id, rules.gallery.model_id, rules.gallery.size) == (new.model_id, new.model_id, 2)
    capture_says(config, rules)
    courier.contact._due_ns = 0
    courier.contact.step()
    assert GalleryCache(config.state).gallery(old.model_id) is None


def test_embedding_that_is_killed_leaves_whole_people_and_is_finished_by_the_next_run(tmp_path: Path, other_set: Path) -> None:
    images = [image for portrait in (hopper(), collins()) for image in (portrait, portrait[:, ::-1], portrait[8:, 8:])]
    for number, image in enumerate(images):
        sample_add(person=make_person(f"Person {number}"), upload=Upload(jpeg(image), None, accept_likeness=True))
    model_id = ModelSet.load(other_set).embedder.model_id
    environment = {**os.environ, "LINTEL_SERVER_CONFIG": str(configured(tmp_path, other_set)), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "server", "reembed", "--json"]
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, cwd=ROOT)
    deadline = time.monotonic() + WAIT_S
    while not Template.objects.filter(model_id=model_id).exists():
        assert killed.poll() is None
        assert time.monotonic() < deadline
    killed.kill()
    killed.communicate()
    done = Template.objects.filter(model_id=model_id).count()
    assert done == SampleEmbedding.objects.filter(model_id=model_id).count()
    assert done < len(images)
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, check=True, timeout=WAIT_S)
    said = json.loads(finished.stdout)
    assert (said["state"], said["embedded"], said["people"], said["waiting"]) == ("served", len(images), len(images), 0)


def configured(folder: Path, models: Path) -> Path:
    """The configuration of a program that works on the database of this test."""
    database, objects = connection.settings_dict, django_settings.LINTEL_OBJECTS
    lines = (
        f"data = {json.dumps(str(django_settings.CONFIG.data))}",
        f"[models]\nfolder = {json.dumps(str(models))}",
        f'[database]\nname = "{database["NAME"]}"\nuser = "{database["USER"]}"\nhost = {json.dumps(str(database["HOST"]))}',
        f'[objects]\nkind = "folder"\npath = {json.dumps(objects["path"])}',
    )
    path = folder / "server.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
