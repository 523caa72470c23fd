from edge_client.camera import Frame, Lost
from edge_client.capture_coverage import Coverage
from shared_schema.envelope import MAX_PAYLOAD_BYTES
from shared_schema.ids import BootNs, Seq
from shared_schema.observation import Funnel, Observation
from tests.edge_client.fakes import FakeClock
from tests.shared_schema.doorway.fakes import frame_of

S = 1_000_000_000


def frame(second: float) -> Frame:
    return Frame(frame_of([()], 0), BootNs(int(second * S)))


def lost(second: float, reason: str = "camera_gives_no_frames") -> Lost:
    return Lost(BootNs(int(second * S)), reason)


def said(coverage: Coverage) -> Observation:
    return coverage.observation(FakeClock(), until=coverage.reaches(None), last_seq=Seq(0), funnel=Funnel())


def blind(coverage: Coverage) -> list[tuple[str, int, int]]:
    return [(one.reason, one.from_boot_ns // S, one.until_boot_ns // S) for one in said(coverage).blind]


def test_blindness_that_is_found_out_later_reaches_back_to_where_it_began() -> None:
    coverage = Coverage()
    for second in range(20):
        coverage.note(frame(second), 1000)
        if second >= 15:
            coverage.mark_blind("covered", BootNs(5 * S))
    assert blind(coverage) == [("covered", 5, 19)]


def test_what_has_been_recorded_already_stays_as_it_was_said() -> None:
    coverage = Coverage()
    coverage.note(frame(0), 1000)
    coverage.note(frame(10), 10_000)
    coverage.begin_anew(coverage.reaches(None))
    coverage.note(frame(12), 1000)
    coverage.mark_blind("covered", BootNs(5 * S))
    assert blind(coverage) == [("covered", 10, 12)]


def test_two_reasons_at_once_are_both_told_in_the_order_of_their_time() -> None:
    coverage = Coverage()
    for second in range(10):
        coverage.note(frame(second), 1000)
        coverage.mark_blind("outbox_full", BootNs(3 * S))
        coverage.mark_blind("covered", BootNs(1 * S))
    assert blind(coverage) == [("covered", 1, 9), ("outbox_full", 3, 9)]


def test_an_observation_that_could_not_be_recorded_grows_until_it_can() -> None:
    coverage = Coverage()
    coverage.note(frame(0), 1000)
    coverage.note(frame(4), 1000)
    said(coverage)
    coverage.note(frame(8), 1000)
    assert (said(coverage).from_boot_ns, said(coverage).until_boot_ns) == (0, 8 * S)


def test_a_camera_that_comes_and_goes_all_the_time_still_fits_into_a_record() -> None:
    coverage = Coverage()
    for second in range(0, 20_000, 2):
        coverage.note(frame(second), 1000)
        coverage.note(lost(second + 1, f"reason_{second % 7}"), 1000)
    observation = said(coverage)
    assert len(observation.model_dump_json()) < MAX_PAYLOAD_BYTES
    covered = [(one.from_boot_ns, one.until_boot_ns) for one in observation.blind]
    assert all(any(low <= (second + 0.5) * S <= high for low, high in covered) for second in range(0, 20_000, 2))
