"""The process knows its share of a core, and how late its loop runs."""

from gradual_agent.runtime.health import PROBE_NS, CpuMeter, LoopLagProbe, cpu_ns
from gradual_agent.runtime.timeline import Timeline

MS = 1_000_000


def test_the_share_of_a_core_is_between_two_readings() -> None:
    spent = iter([1000 * MS, 1250 * MS, 1250 * MS, 3250 * MS])
    meter = CpuMeter(now=10_000 * MS, spent=lambda: next(spent))
    assert meter.read(11_000 * MS) == 0.25
    assert meter.read(12_000 * MS) == 0.0
    assert meter.read(13_000 * MS) == 2.0, "two threads"


def test_a_reading_that_follows_at_once_reaches_back_to_the_one_before() -> None:
    """Five busy milliseconds after an idle second are no busy core."""
    spent = iter([0, 90 * MS, 95 * MS])
    meter = CpuMeter(now=0, spent=lambda: next(spent))
    assert meter.read(995 * MS) == 90 / 995
    assert meter.read(1000 * MS) == 0.095


def test_no_time_is_no_share() -> None:
    spent = iter([0, 100])
    assert CpuMeter(now=5, spent=lambda: next(spent)).read(5) == 0.0


def test_processor_time_grows() -> None:
    before = cpu_ns()
    sum(range(2_000_000))
    assert cpu_ns() > before


def test_the_probe_says_how_late_it_ran() -> None:
    now = 1_000_000_000
    lags: list[int] = []
    timeline = Timeline(lambda: now, lambda when: None)
    probe = LoopLagProbe(timeline, lambda: now, lags.append)
    for late in (0, 7_000_000, 250_000):
        now += PROBE_NS + late
        timeline.run_due()
    assert lags == [0, 7_000_000, 250_000]
    probe.stop()
    now += 10 * PROBE_NS
    timeline.run_due()
    assert len(lags) == 3
