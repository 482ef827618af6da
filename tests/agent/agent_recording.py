"""A recorder for tests, samples to give it, and readings of what it seals."""

from histogram_samples import unpack_histograms

from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.failures import KIND, KINDS
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTERS, MEASURES, Batch, Health

S = 1_000_000_000
HEALTH = Health(0.5, 3, 2, 1)
OFFSET = 100 * S

PLAN = Plan.model_validate(
    {
        "config": {"duration": "1m", "base_url": "http://bank"},
        "users": [
            {"name": "a", "concurrency": 1, "behavior": ["x", "y"]},
            {"name": "b", "concurrency": 1, "behavior": ["x"]},
        ],
        "actions": {"x": {"url": "/"}, "y": {"url": "/"}},
    }
)
INDEX = SeriesIndex.of(PLAN)


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def recorder(levels: list[tuple[int, int]] | None = None, start: int = 0, now: int = 0) -> tuple[Recorder, Clock]:
    clock = Clock()
    clock.now = now
    made = Recorder(INDEX, clock)
    made.schedule(start, S, levels or [(start, 0)])
    return made, clock


def sample(ended: int, kind: str = "", **measured: int) -> Sample:
    made = Sample()
    made.reset(ended - 100)
    made.written, made.first_byte, made.ended = ended - 90, ended - 40, ended
    made.kind = INTERRUPTED if kind == "interrupted" else KIND[kind]
    made.messages, made.status_code = 1, 200
    made.bytes_sent, made.bytes_received = 10, 1000
    for name, value in measured.items():
        setattr(made, name, value)
    return made


def cells(batch: Batch) -> dict[tuple[int, int, str], int]:
    """Requests by (level, step, kind); iterations have the step numbers 3 and 4."""
    return {
        (batch.frames[frame].level, step, KINDS[kind]): requests
        for (frame, step, kind), requests in zip(batch.cells.tolist(), batch.requests.tolist(), strict=True)
    }


def counters(batch: Batch) -> dict[str, int]:
    return dict(zip(COUNTERS, batch.counters[:, 2:].sum(axis=0).tolist(), strict=True))


def times(batch: Batch, measure: str) -> list[tuple[int, int]]:
    """(count, sum) of each histogram of a measure."""
    return [
        (histogram.count, histogram.sum)
        for (_, number), histogram in unpack_histograms(batch.histograms)
        if MEASURES[number] == measure
    ]


def spans(batch: Batch) -> list[tuple[int, int, int]]:
    return [(frame.level, frame.begin, frame.end) for frame in batch.frames]
