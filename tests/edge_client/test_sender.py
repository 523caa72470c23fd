from edge_client.sender import Backoff


def test_the_delay_doubles_up_to_its_bound() -> None:
    backoff = Backoff(lambda: 1.0, first_s=2.0, longest_s=60.0)
    assert [backoff.delay_s(attempts) for attempts in (0, 1, 2, 3, 10, 10**6)] == [2.0, 4.0, 8.0, 16.0, 60.0, 60.0]


def test_jitter_takes_away_at_most_half() -> None:
    assert Backoff(lambda: 0.0, first_s=2.0).delay_s(0) == 1.0


def test_the_servers_wish_is_a_lower_bound_also_beyond_our_own_and_is_itself_bounded() -> None:
    backoff = Backoff(lambda: 0.0, first_s=2.0, longest_s=60.0)
    assert backoff.delay_s(0, retry_after_s=30.0) == 30.0
    assert backoff.delay_s(0, retry_after_s=300.0) == 300.0
    assert backoff.delay_s(0, retry_after_s=1e9) == 600.0


def test_two_hundred_nodes_that_were_told_the_same_wait_do_not_come_back_at_once() -> None:
    source = iter(number % 200 / 200 for number in range(400))
    backoff = Backoff(lambda: next(source))
    waits = sorted(backoff.delay_s(0, retry_after_s=40.0) for _ in range(200))
    assert waits[0] >= 40.0
    assert waits[-1] <= 50.0
    assert max(sum(second <= wait < second + 1 for wait in waits) for second in range(40, 50)) < 60
