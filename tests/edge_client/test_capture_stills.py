from hashlib import sha256
from pathlib import Path

import numpy as np

from edge_client.preview_folder import Mounting, PreviewRequest
from shared_schema.face.images import decode_image
from shared_schema.ids import BootNs
from shared_schema.node import NodeSettings
from tests.edge_client.scenes import Node
from tests.shared_schema.doorway.fakes import EMPTY, Scene, Sight

SOMEBODY: Scene = (Sight("s", x=80, y=60, width=48.0),)
LEFT = ((0.0, 0.1), (0.3, 0.1), (0.3, 1.0), (0.0, 1.0))


def ask(node: Node, seconds: float = 600) -> None:
    until = BootNs(node.clock.now + int(seconds * 1e9))
    node.preview.ask(PreviewRequest(boot_id=node.clock.boot_id, until_boot_ns=until, token_sha256=sha256(b"t").hexdigest(), distance_m=1.5))


def shown_at_last(node: Node) -> tuple[Mounting | None, bytes | None]:
    """What lies there before the last frame of the run; nothing does after it."""
    shown: list[tuple[Mounting | None, bytes | None]] = []
    node.camera.before[len(node.camera.scenes) - 1] = lambda: shown.append((node.preview.mounting(), node.preview.still()))
    node.run()
    assert node.preview.still() is None
    return shown[0]


def test_nobody_asked_no_still(tmp_path: Path) -> None:
    node = Node(tmp_path, (SOMEBODY,) * 10)
    node.run()
    assert node.preview.still() is None
    assert not (tmp_path / "run" / "preview").exists()


def test_while_a_request_is_open_there_is_a_still_with_the_width_of_the_face(tmp_path: Path) -> None:
    node = Node(tmp_path, (SOMEBODY,) * 10)
    ask(node)
    mounting, still = shown_at_last(node)
    assert mounting is not None
    assert [face.width_px for face in mounting.faces] == [48]
    assert (mounting.distance_m, mounting.min_face_px) == (1.5, 16)
    assert still is not None
    assert decode_image(still).shape == (120, 160, 3)


def test_somebody_who_stands_still_is_still_measured(tmp_path: Path) -> None:
    node = Node(tmp_path, (SOMEBODY,) * 60)
    ask(node)
    mounting, _ = shown_at_last(node)
    assert mounting is not None
    assert len(mounting.faces) == 1


def test_what_is_masked_is_not_in_the_still(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 10)
    node.cache.store_settings(NodeSettings(revision=1, masks=(LEFT,)), "e")
    ask(node)
    _, still = shown_at_last(node)
    assert still is not None
    seen = decode_image(still).mean(axis=2)
    assert np.ptp(seen[100:112, 10:36]) < 25 < np.ptp(seen[100:112, 60:150])


def test_when_the_request_has_run_out_no_picture_stays_behind(tmp_path: Path) -> None:
    node = Node(tmp_path, (EMPTY,) * 30)
    ask(node, seconds=2)
    seen: list[bool] = []
    for number in (8, 29):
        node.camera.before[number] = lambda: seen.append(node.preview.still() is not None)
    node.run()
    assert seen == [True, False]
    assert node.preview.mounting() is None


def test_a_preview_records_nothing_and_changes_no_pass(tmp_path: Path) -> None:
    walks = [Node(tmp_path / name, (*((SOMEBODY,) * 4), *((EMPTY,) * 40))) for name in ("with", "without")]
    ask(walks[0])
    for node in walks:
        node.run()
    payloads = [[one.payload for one in node.envelopes() if one.kind == "sighting"] for node in walks]
    assert len(payloads[0]) == 1
    assert payloads[0] == payloads[1]
