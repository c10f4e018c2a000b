"""Reception counters, the report blocks made of them, and the sender's clock carried on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtc.media.reception import ReceiverReports, Reception, ReceptionState
from rtc.media.sender_clock import SenderClock


def state(reception: Reception) -> ReceptionState:
    found = reception.state()
    assert found is not None
    return found


def test_nothing_is_reported_before_the_first_packet() -> None:
    assert Reception(1, 90000).state() is None


def test_loss_is_reported_for_the_time_since_the_last_report() -> None:
    reception = Reception(7, 90000)
    reports = ReceiverReports()
    for index in (100, 101, 103):
        reception.count(index, 0, 0.0)
    block = reports.block(state(reception), 1.0)
    assert (block.ssrc, block.packets_lost, block.fraction_lost) == (7, 1, 64)  # 1 of 4, in 1/256
    for index in range(104, 114):
        reception.count(index, 0, 0.0)
    block = reports.block(state(reception), 2.0)
    assert (block.packets_lost, block.fraction_lost, block.highest_sequence) == (1, 0, 113)


def test_a_packet_that_comes_late_is_no_longer_lost() -> None:
    reception = Reception(7, 90000)
    reports = ReceiverReports()
    for index in (1, 3):
        reception.count(index, 0, 0.0)
    assert reports.block(state(reception), 1.0).packets_lost == 1
    reception.count(2, 0, 0.0)
    block = reports.block(state(reception), 2.0)
    assert (block.packets_lost, block.fraction_lost) == (0, 0)


def test_the_round_is_in_the_upper_half_of_the_highest_number() -> None:
    reception = Reception(7, 90000)
    reception.count(0x2FFFF, 0, 0.0)
    assert ReceiverReports().block(state(reception), 0.0).highest_sequence == 0x2FFFF


def test_even_arrival_has_no_jitter_and_uneven_has() -> None:
    even, uneven = Reception(1, 48000), Reception(1, 48000)
    for n in range(200):
        even.count(n, n * 960, n * 0.02)
        uneven.count(n, n * 960, n * 0.02 + (0.005 if n % 2 else 0.0))
    assert state(even).jitter < 0.001
    assert abs(state(uneven).jitter - 240) < 1  # 5 ms of 48 kHz


@given(
    st.lists(st.tuples(st.integers(0, 2**48), st.integers(0, 2**32 - 1), st.floats(0, 1e6)), min_size=1, max_size=30)
)
def test_any_packets_make_a_block_that_fits_its_fields(packets: list[tuple[int, int, float]]) -> None:
    reception = Reception(1, 90000)
    for index, timestamp, at in packets:
        reception.count(index, timestamp, at)
    block = ReceiverReports().block(state(reception), 0.0)
    assert 0 <= block.fraction_lost <= 255
    assert -0x800000 <= block.packets_lost <= 0x7FFFFF
    assert 0 <= block.jitter <= 0xFFFFFFFF


def test_the_last_sender_report_and_its_age_are_told() -> None:
    reception = Reception(1, 90000)
    reception.count(1, 0, 0.0)
    reports = ReceiverReports()
    assert reports.block(state(reception), 5.0).last_report == 0
    reports.sender_report(0x1122334455667788, 10.0)
    block = reports.block(state(reception), 10.5)
    assert (block.last_report, block.delay_since_last_report) == (0x33445566, 32768)


def test_the_senders_clock_goes_on_between_its_reports() -> None:
    clock = SenderClock(90000)
    assert clock.now(7, 0.0) is None
    clock.sender_report(7, 5 << 32, 0xFFFFFFFF, 100.0)
    assert clock.now(7, 100.0) == (5 << 32, 0xFFFFFFFF)
    assert clock.now(7, 101.5) == ((6 << 32) + (1 << 31), 134_999)
    assert clock.now(8, 101.5) is None
