"""Every sample is read back from the files as it was, and memory stays bounded."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parquet_rows import (
    BEGIN,
    HIVE,
    INDEX,
    MINUTE,
    Row,
    S,
    block_of,
    ds,
    expected,
    files_of,
    pa,
    pq,
    random_rows,
    read,
    same,
)
from raw_run import plan_of, run_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_master.reporting.interface.samples import SampleBlock
from gradual_master.reporting.parquet.files import SampleWriter, describe_run, safe_name
from gradual_master.reporting.parquet.reporter import MARKER, ParquetReporter

NOTHING: Any = None


def test_every_row_is_read_back_as_it_was(reporter: ParquetReporter, folder: Path) -> None:
    fed: list[Row] = []
    for number, agent in enumerate(("host-1", "host-2", "zürich/1 = ü?", "7")):
        rows = random_rows(number, 1500)
        for begin in range(0, 1500, 400):
            reporter.on_samples(block_of(agent, rows[begin : begin + 400]))
        fed += expected(agent, rows)
    reporter.on_samples(block_of("host-1", []))
    reporter.on_test_complete(NOTHING)
    assert same(read(folder), fed)


def test_readers_without_a_schema_find_the_same(reporter: ParquetReporter, folder: Path) -> None:
    """What pandas.read_parquet does; the marker is passed over."""
    rows = random_rows(1, 200)
    reporter.on_samples(block_of("host-1", rows))
    reporter.close()
    table = pq.read_table(folder)
    assert set(table.column_names) == set(expected("host-1", rows)[0])
    assert sorted(table["duration_ns"].to_pylist()) == sorted(duration for _, duration, *_ in rows)
    assert set(table["agent"].to_pylist()) == {"host-1"}
    assert set(table["minute"].to_pylist()) == {0, 1, 2}


def test_files_lie_by_agent_and_minute_and_hold_no_others(reporter: ParquetReporter, folder: Path) -> None:
    reporter.on_samples(block_of("a", random_rows(1, 900)))
    reporter.close()
    assert files_of(folder) == [MARKER, *(f"agent=a/minute=00{n}/part-0.parquet" for n in range(3))]
    for minute in range(3):
        table = pq.ParquetFile(folder / f"agent=a/minute=00{minute}/part-0.parquet").read()
        ended = table["started_at"].cast(pa.int64()).to_numpy() - BEGIN + table["duration_ns"].to_numpy()
        assert set((ended // MINUTE).tolist()) == {minute}
        assert (np.diff(ended) >= 0).all(), "rows keep the order in which they came"


def test_columns_have_types_units_and_compression(reporter: ParquetReporter, folder: Path) -> None:
    reporter.on_samples(block_of("a", random_rows(1, 500, seconds=30)))
    reporter.close()
    file = pq.ParquetFile(folder / "agent=a/minute=000/part-0.parquet")
    text = pa.dictionary(pa.int32(), pa.string())
    assert {field.name: field.type for field in file.schema_arrow} == {
        "started_at": pa.timestamp("ns", tz="UTC"),
        "duration_ns": pa.int64(),
        "group": text,
        "step": text,
        "action": text,
        "service": text,
        "slot": pa.int32(),
        "status_code": pa.uint16(),
        "error": text,
        "ok": pa.bool_(),
        "trace_id": pa.binary(16),
    }
    assert file.schema_arrow.field("duration_ns").metadata[b"unit"] == b"ns"
    metadata = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    assert metadata["gradual.run.id"] == "run-1"
    assert metadata["gradual.run.name"] == "raw"
    assert json.loads(metadata["gradual.run.tags"]) == {"team": "payments"}
    assert json.loads(metadata["gradual.units"]) == {"duration_ns": "ns"}
    columns = [file.metadata.row_group(0).column(number) for number in range(11)]
    assert {column.compression for column in columns} == {"ZSTD"}
    dictionary = {column.path_in_schema for column in columns if column.has_dictionary_page}
    assert dictionary == {"group", "step", "action", "service", "error"}


def test_traces_are_those_of_their_rows(reporter: ParquetReporter, folder: Path) -> None:
    rows = random_rows(1, 300)
    traces = np.zeros((300, 16), dtype=np.uint8)
    traces[::2, 14:] = np.arange(150, dtype=">u2").view(np.uint8).reshape(150, 2) + 1
    reporter.on_samples(replace(block_of("a", rows), trace=traces.reshape(-1)))
    reporter.close()
    read = pq.read_table(folder, columns=["slot", "duration_ns", "trace_id"]).to_pydict()
    found = {
        (slot, duration): trace
        for slot, duration, trace in zip(read["slot"], read["duration_ns"], read["trace_id"], strict=True)
    }
    for number, (_, duration, slot, *_) in enumerate(rows):
        assert found[slot, duration] == (None if number % 2 else traces[number].tobytes())


def million(agents: int, minutes: int, each: int) -> Iterator[SampleBlock]:
    """Blocks of five seconds of every agent, agents taking turns."""
    rng = np.random.default_rng(5)
    duration = rng.integers(1, S, each)
    zeros: Any = np.zeros(each)
    for second in range(0, minutes * 60, 5):
        ended = (second + 1) * S + np.sort(rng.integers(0, 5 * S, each))
        for agent in range(agents):
            yield SampleBlock(
                agent=f"agent-{agent}",
                index=INDEX,
                begin=BEGIN,
                started=ended - duration,
                duration=duration,
                slot=np.arange(each, dtype=np.int32),
                step=np.full(each, agent % 3, dtype=np.uint16),
                kind=zeros.astype(np.uint8),
                status=np.full(each, 200, dtype=np.uint16),
            )


def test_a_million_samples_of_20_agents_in_10_minutes_wait_in_bounded_memory(folder: Path) -> None:
    """By counts: rows that wait, partitions that are open, rows that arrive, and how large row groups are."""
    writer = SampleWriter(
        folder, describe_run(run_of()), rows_per_group=2048, max_buffered_rows=20_000, max_open_partitions=30
    )
    max_open_partitions = fed = 0
    for block in million(20, 10, 420):
        writer.write(block)
        fed += len(block)
        assert sum(partition.buffered for partition in writer._open.values()) == writer._buffered <= 20_000
        max_open_partitions = max(max_open_partitions, len(writer._open))
    writer.close()
    assert writer.peak == 20_000, "the bound is met, and held"
    assert 20 < max_open_partitions <= 30
    dataset = ds.dataset(folder, format="parquet", partitioning=HIVE)
    assert dataset.count_rows() == fed >= 1_000_000
    assert dataset.count_rows(filter=(ds.field("agent") == "agent-7") & (ds.field("minute") == 4)) == pytest.approx(
        60 * 84, abs=420
    )
    groups = [
        fragment.metadata.row_group(number).num_rows
        for fragment in dataset.get_fragments()
        for number in range(fragment.metadata.num_row_groups)
    ]
    assert max(groups) <= 2048
    assert writer._buffered == 0


def test_a_block_larger_than_all_that_may_wait_is_written_piece_by_piece(folder: Path) -> None:
    rows = random_rows(3, 5000, seconds=50)
    writer = SampleWriter(folder, describe_run(run_of()), rows_per_group=600, max_buffered_rows=1000)
    writer.write(block_of("a", rows))
    assert writer.peak <= 1000
    writer.close()
    assert same(read(folder), expected("a", rows))
    metadata = pq.ParquetFile(folder / "agent=a/minute=000/part-0.parquet").metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [600] * 8 + [200]


def test_the_fullest_partition_is_written_when_too_many_rows_wait(folder: Path) -> None:
    writer = SampleWriter(folder, describe_run(run_of()), rows_per_group=1000, max_buffered_rows=500)
    writer.write(block_of("small", random_rows(1, 100, seconds=50)))
    writer.write(block_of("large", random_rows(2, 400, seconds=50)))
    assert {name: partition.buffered for (name, _), partition in writer._open.items()} == {"small": 100, "large": 0}
    writer.close()
    assert len(read(folder)) == 500


def test_many_small_pieces_become_one(folder: Path) -> None:
    rows = random_rows(9, 1000, seconds=50)
    writer = SampleWriter(folder, describe_run(run_of()))
    for row in rows:
        writer.write(block_of("a", [row]))
        assert all(len(partition._pieces) < 64 for partition in writer._open.values())
    writer.close()
    assert same(read(folder), expected("a", rows))


def test_a_late_row_is_not_lost_and_finished_files_stay_as_they_are(reporter: ParquetReporter, folder: Path) -> None:
    rows = random_rows(4, 2000, seconds=300)
    reporter.on_samples(block_of("a", rows))
    finished = {path: path.read_bytes() for path in folder.rglob("part-*.parquet")}
    assert len(finished) == 0, "all minutes of one block are open"
    after = random_rows(5, 100, first=400, seconds=50)
    reporter.on_samples(block_of("a", after))
    finished = {path: path.read_bytes() for path in folder.rglob("part-*.parquet")}
    assert len(finished) == 5, "now they are long over"
    late = [(59 * S, S // 2, 1, 0, "", 200), (3 * S, S, 2, 1, "timeout", 0)]
    for row in late:
        reporter.on_samples(block_of("a", [row]))
    reporter.on_test_complete(NOTHING)
    assert all(path.read_bytes() == data for path, data in finished.items())
    assert sorted(os.listdir(folder / "agent=a/minute=000")) == ["part-0.parquet", "part-1.parquet"]
    assert same(read(folder), expected("a", rows + after + late))


def test_the_progress_of_one_agent_closes_nothing_of_another(folder: Path) -> None:
    writer = SampleWriter(folder, describe_run(run_of()))
    writer.write(block_of("slow", random_rows(1, 10, seconds=50)))
    writer.write(block_of("fast", random_rows(1, 10, first=3600, seconds=50)))
    assert list(writer._open) == [("slow", 0), ("fast", 60)]
    writer.close()


def test_samples_after_another_numbering_keep_their_names(folder: Path) -> None:
    """Two blocks of one minute whose step numbers mean different steps."""
    other = SeriesIndex.of(plan_of(users=[{"name": "guest", "concurrency": 1, "behavior": [{"action": "rates"}]}]))
    writer = SampleWriter(folder, describe_run(run_of()))
    writer.write(block_of("a", [(0, S, 0, 0, "", 200)]))
    writer.write(block_of("a", [(S, S, 0, 0, "", 200)], index=other))
    writer.write(block_of("a", [(2 * S, S, 0, 0, "", 200)], index=SeriesIndex.of(plan_of())))
    writer.close()
    found = {row["started_at"] - BEGIN: (row["group"], row["step"]) for row in read(folder)}
    assert found == {0: ("customer", "login"), S: ("guest", "rates"), 2 * S: ("customer", "login")}


# ── Folders ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("given_up_after", ["nothing", "prepare", "on_test_start", "on_samples", "on_test_complete"])
def test_close_leaves_readable_files_after_every_start(folder: Path, given_up_after: str) -> None:
    reporter = ParquetReporter(str(folder))
    rows = random_rows(6, 300)
    calls: dict[str, Any] = {
        "prepare": reporter.prepare,
        "on_test_start": lambda: reporter.on_test_start(run_of()),
        "on_samples": lambda: reporter.on_samples(block_of("a", rows)),
        "on_test_complete": lambda: reporter.on_test_complete(NOTHING),
    }
    fed = False
    for name, call in calls.items():
        if given_up_after == "nothing":
            break
        call()
        fed = fed or name == "on_samples"
        if name == given_up_after:
            break
    reporter.close()
    reporter.close()
    if fed:
        assert same(read(folder), expected("a", rows))
    else:
        assert folder.exists() == (given_up_after == "on_test_start")
    assert not list(folder.rglob("*.partial"))


def test_a_file_bears_its_name_only_when_it_is_complete(folder: Path) -> None:
    """Whoever looks while the run goes on, or after the process was killed, meets whole files only."""
    writer = SampleWriter(folder, describe_run(run_of()), rows_per_group=100)
    writer.write(block_of("a", random_rows(1, 250, seconds=50)))
    assert files_of(folder) == ["agent=a/minute=000/.part-0.partial"]
    assert ds.dataset(folder, format="parquet", partitioning=HIVE).count_rows() == 0
    writer.close()
    assert files_of(folder) == ["agent=a/minute=000/part-0.parquet"]


@pytest.mark.parametrize("method", ["write_table", "close"])
def test_a_file_that_cannot_be_written_is_raised_and_the_others_are_completed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """A full disk, say: the failure is raised, no half file stays, nothing that is whole is lost."""
    real = getattr(pq.ParquetWriter, method)

    def fail(self: Any, *args: Any, **options: Any) -> None:
        if "agent=full" in str(self.where):
            raise OSError(28, "No space left on device")
        real(self, *args, **options)

    monkeypatch.setattr(pq.ParquetWriter, method, fail)
    writer = SampleWriter(folder, describe_run(run_of()))
    writer.write(block_of("full", random_rows(1, 30, seconds=50)))
    rows = random_rows(2, 30, seconds=50)
    writer.write(block_of("good", rows))
    with pytest.raises(OSError, match="No space left"):
        writer.close()
    monkeypatch.undo()
    assert files_of(folder) == ["agent=good/minute=000/part-0.parquet"]
    assert same(read(folder), expected("good", rows))
    writer.close()


def test_names_of_agents_are_safe_and_stay_different() -> None:
    assert safe_name("host-1.example") == "host-1.example"
    assert safe_name("../a=b/ü") == "..%2Fa%3Db%2F%C3%BC"
    long = ["ü" * 100 + end for end in "ab"]
    names = [safe_name(name) for name in long]
    assert len(set(names)) == 2
    assert all(len(name) <= 200 and "%" not in name[-18:] for name in names)
    assert safe_name("") == "__HIVE_DEFAULT_PARTITION__"
