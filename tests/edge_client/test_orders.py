from pathlib import Path

import pytest

from edge_client.orders import EpochOrder
from shared_schema.ids import Epoch


def test_an_order_is_there_until_it_is_done(tmp_path: Path) -> None:
    order = EpochOrder(tmp_path)
    assert order.wanted() is None
    order.give(Epoch(7))
    assert EpochOrder(tmp_path).wanted() == 7
    for _ in range(2):
        order.done()
        assert EpochOrder(tmp_path).wanted() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"begin_epoch": 0}', '{"begin_epoch": "soon"}'])
def test_what_is_no_order_is_not_obeyed(tmp_path: Path, text: str) -> None:
    order = EpochOrder(tmp_path)
    order.give(Epoch(7))
    (tmp_path / "orders" / "epoch.json").write_text(text, encoding="utf-8")
    assert order.wanted() is None
