"""A record as it goes over the wire, made of its row."""

from edge_client.outbox.rows import RecordRow
from shared_schema.ids import NodeId
from shared_schema.node import RecordItem


def item_of(row: RecordRow, node: NodeId) -> RecordItem:
    """The envelope as it was signed, and the sealed probe."""
    return RecordItem.model_validate(
        {
            "envelope": {
                "protocol": row.protocol,
                "node": node,
                "epoch": row.epoch,
                "seq": row.seq,
                "kind": row.kind,
                "payload": row.payload,
                "sha256": row.sha256,
                "signature": row.signature,
            },
            "sealed_probe": row.sealed_probe,
        }
    )
