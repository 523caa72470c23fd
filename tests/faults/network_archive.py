"""The fake server as a receiver: it keeps what comes, takes heartbeats, and has settings and an empty gallery."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_client.files import make_secret_folder, write_secret
from shared_schema.gallery import GallerySnapshot
from shared_schema.node import HeartbeatAnswer, NodeSettings
from tests.edge_client.fakes import SIGNER, FakeServer, claim_answer
from tests.faults.network_node import MODEL, Key, NetworkNode

HEARTBEAT_MS = 1000


class Archive(FakeServer):
    """Knows one node."""

    @contextmanager
    def running(self) -> "Iterator[Archive]":
        self.answers["claim"] = lambda _body: claim_answer().model_dump_json()
        self.answers["heartbeat"] = lambda _body: HeartbeatAnswer(
            server_ns=time.time_ns(), gallery_revision=1, settings_revision=1
        ).model_dump_json()
        self.documents["settings"] = (NodeSettings(revision=1, heartbeat_ms=HEARTBEAT_MS).model_dump_json(), '"1"')
        gallery = GallerySnapshot(revision=1, model_id=MODEL.id, dimension=MODEL.dimension, people=())
        self.documents["gallery"] = self.documents[f"gallery?model={MODEL.id}"] = (gallery.model_dump_json(), '"1"')
        server = self.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def node_in(self, state: Path, *, through: str | None = None) -> NetworkNode:
        """A node whose signatures the fake server knows."""
        make_secret_folder(state / "keys")
        write_secret(state / "keys" / "signing.key", SIGNER.private_bytes_raw())
        return NetworkNode.claimed(state, self, through=through)

    def claim_tokens(self, count: int) -> list[str]:
        return ["t" * 20] * count

    def held(self) -> list[Key]:
        return [(epoch, seq, digest) for (epoch, seq), digest in self.stored.items()]

    def crops_held(self) -> int:
        return len(self.crops)
