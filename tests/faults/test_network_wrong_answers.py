"""Whatever somebody on the way answers, nothing is taken for a receipt that is none, and nothing waits behind it."""

import gzip
from hashlib import sha256
from pathlib import Path

import pytest

from shared_schema.node import BatchReceipt
from tests.contract.fault_proxy import Changed, Fate, FaultProxy, Reply
from tests.faults.network_archive import Archive
from tests.faults.network_node import NetworkNode, TrustingSender, judge

RECORDS = 6
PORTAL = b"<html><title>Please sign in</title><form action='/login'></form></html>"
JSON = (("Content-Type", "application/json"),)
PROBLEM = (("Content-Type", "application/problem+json"),)


def _changed(**changes: object) -> Changed:
    def change(answer: bytes) -> bytes:
        receipts = BatchReceipt.model_validate_json(answer).receipts
        return BatchReceipt(receipts=tuple(one.model_copy(update=changes) for one in receipts)).model_dump_json().encode()

    return Changed(change)


WRONG: dict[str, Fate] = {
    "500": Reply(500, b"oops"),
    "502 of a proxy": Reply(502, PORTAL),
    "503 that asks to wait": 7,
    "429 that asks to wait": Reply(429, b"", (("Retry-After", "7"),)),
    "429 that asks to wait until a date": Reply(429, b"", (("Retry-After", "Sat, 21 Nov 2026 12:00:00 GMT"),)),
    "404 of another server": Reply(404, PORTAL),
    "403 of a proxy": Reply(403, PORTAL),
    "a login page": Reply(200, PORTAL),
    "a login page that calls itself JSON": Reply(200, PORTAL, JSON),
    "a redirect to a login page": Reply(302, b"", (("Location", "http://127.0.0.1:9/login"),)),
    "a redirect for good": Reply(308, b"", (("Location", "http://127.0.0.1:9/api/v1/node/records"),)),
    "no content": Reply(204),
    "nothing": Reply(200, b"", JSON),
    "null": Reply(200, b"null", JSON),
    "another message": Reply(200, b'{"receipts": "no"}', JSON),
    "an empty list": Reply(200, b'{"receipts": []}', JSON),
    "half a body": "half_answer",
    "a body that is shorter than stated": Reply(200, b'{"receipts": []}', JSON, stated_bytes=5000),
    "a huge body": Reply(200, b" " * 1_100_000 + b'{"receipts": []}', JSON),
    "a compressed body": Changed(gzip.compress, (("Content-Encoding", "gzip"),)),
    "receipts for other hashes": _changed(sha256=sha256(b"other").hexdigest()),
    "receipts of another epoch": _changed(epoch=99),
    "receipts of a status nobody knows": Changed(lambda answer: answer.replace(b'"archived"', b'"filed"')),
    "a problem of the wrong kind": Reply(418, b'{"code": "teapot"}', PROBLEM),
}


@pytest.fixture
def node(archive: Archive, proxy: FaultProxy, tmp_path: Path) -> NetworkNode:
    return archive.node_in(tmp_path, through=proxy.url)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_receipt_acknowledges_nothing(node: NetworkNode, proxy: FaultProxy, archive: Archive, wrong: Fate) -> None:
    node.put(RECORDS, crops=True)
    proxy.choose = lambda name, _body: wrong if name in {"records", "crops"} else None
    with node.lanes() as lanes:
        lanes.go(20)
        status = node.status()
        assert (status.waiting, status.parked, status.crops_waiting, status.crops_parked) == (RECORDS, 0, RECORDS, 0)
        proxy.choose = lambda _name, _body: None
        lanes.go_until(lambda: node.status().is_drained)
    assert judge(node.recorded, archive.held()).sound
    assert archive.crops_held() == RECORDS


@pytest.mark.parametrize("wrong", ["500", "a login page", "receipts for other hashes", "half a body", "no content"])
def test_a_record_that_never_gets_a_right_answer_holds_up_nobody(
    node: NetworkNode, proxy: FaultProxy, archive: Archive, wrong: str
) -> None:
    head = node.put(RECORDS)[0]
    proxy.choose = lambda name, body: WRONG[wrong] if name == "records" and head.sha256.encode() in body else None
    with node.lanes() as lanes:
        lanes.go_until(lambda: node.status().waiting == 1)
        assert {key[2] for key in archive.held()} >= {one.sha256 for one in node.recorded[1:]}
        (fresh,) = node.put(1)
        lanes.go_until(lambda: node.status().waiting == 1, within_s=120)
    assert fresh.sha256 in {key[2] for key in archive.held()}
    assert node.status().parked == 0


@pytest.mark.parametrize("wrong", ["500", "a login page", "no content", "a redirect to a login page"])
def test_a_crop_that_gets_a_wrong_answer_holds_up_no_records(node: NetworkNode, proxy: FaultProxy, archive: Archive, wrong: str) -> None:
    node.put(RECORDS, crops=True)
    reply = WRONG[wrong] if wrong != "no content" else Reply(200)
    proxy.choose = lambda name, _body: reply if name == "crops" else None
    with node.lanes() as lanes:
        lanes.go_until(lambda: not node.status().waiting, within_s=60)
        lanes.go(20)
    assert (node.status().crops_waiting, node.status().crops_parked, archive.crops_held()) == (RECORDS, 0, 0)
    assert judge(node.recorded, archive.held()).sound


def test_a_redirect_is_not_followed_with_the_token(node: NetworkNode, proxy: FaultProxy, archive: Archive) -> None:
    node.put(1)
    proxy.fates["records"] = [Reply(307, b"", (("Location", f"{proxy.url}/api/v1/node/elsewhere"),))]
    with node.lanes() as lanes:
        lanes.records.step()
    assert proxy.seen.count("elsewhere") == 0


def test_control_a_node_that_takes_a_status_for_a_receipt_loses_everything(node: NetworkNode, proxy: FaultProxy, archive: Archive) -> None:
    node.put(RECORDS)
    proxy.choose = lambda name, _body: WRONG["a login page"] if name == "records" else None
    with node.lanes(sender_of=TrustingSender) as lanes:
        lanes.go(10)
    assert judge(node.recorded, archive.held()).lost == RECORDS
    assert node.status().waiting == 0
