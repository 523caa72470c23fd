from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared_schema.ids import Epoch, NodeId, Seq, record_id

KEYS = st.tuples(st.uuids(), st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))


def id_of(key: tuple[UUID, int, int]) -> UUID:
    return record_id(NodeId(key[0]), Epoch(key[1]), Seq(key[2]))


@given(first=KEYS, second=KEYS)
def test_two_records_have_two_ids(first: tuple[UUID, int, int], second: tuple[UUID, int, int]) -> None:
    assert (id_of(first) == id_of(second)) == (first == second)


def test_the_id_of_a_record_never_changes() -> None:
    assert id_of((UUID(int=1), 2, 3)) == UUID("fc32fe01-32c3-5d88-b027-01f3593c43c6")


def test_epoch_and_seq_do_not_run_into_each_other() -> None:
    assert id_of((UUID(int=1), 1, 23)) != id_of((UUID(int=1), 12, 3))
