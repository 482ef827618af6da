"""`gradual analyze FILE`: reads, fits, and prints what the data say; the same analysis as that of a run."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import typer

from gradual.analyze.drawing import draw_scalability
from gradual.analyze.measurements import MeasuredFile, read_measurements
from gradual.errors import MeasurementsRefusedError
from gradual_common.process.streams import is_utf8
from gradual_common.units import count
from gradual_master.analysis.scalability.analyse import MIN_LEVELS, analyse_scalability
from gradual_master.analysis.scalability.result import Scalability
from gradual_master.analysis.scalability.wording import scalability_sentences
from gradual_master.reporting.text.scalability_figures import scalability_figures
from gradual_master.results.summary.scalability import left_out_sentences

STANDARD_INPUT = "-"
SCHEMA = "gradual.scalability/1"
WIDTH = 80


def analyse_file(file: str, *, relative: bool, as_json: bool) -> None:
    """Print the analysis of a file; MeasurementsRefusedError if it cannot be read, or holds too little."""
    name = "standard input" if file == STANDARD_INPUT else file
    measured = read_measurements(_text_of(file, name), name)
    found = analyse_scalability(measured.levels, relative)
    if found.reason is not None:
        raise MeasurementsRefusedError(f"{name}: {found.reason}{_enough(found, measured)}")
    answer = (*scalability_sentences(found), *_reservations(measured))
    if as_json:
        document = {"schema": SCHEMA, "answer": list(answer), **found.to_dict()}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=not is_utf8(sys.stdout), allow_nan=False))
    else:
        typer.echo("\n".join(_lines(found, answer)))


def _text_of(file: str, name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise MeasurementsRefusedError(f"cannot read {name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise MeasurementsRefusedError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def _enough(found: Scalability, measured: MeasuredFile) -> str:
    """What would be enough; measurements at the same concurrency are one level."""
    missing = MIN_LEVELS - found.levels
    repeated = f", from {found.values} measurements" if found.values > found.levels else ""
    left_out = "".join(f" ({sentence.rstrip('.')})" for sentence in _reservations(measured))
    what = (
        f"measure {count(missing, 'other concurrency')}" if missing == 1 else f"measure {missing} other concurrencies"
    )
    return f"{repeated}{left_out}; {what}, at best up to where throughput no longer grows"


def _reservations(measured: MeasuredFile) -> Iterator[str]:
    return left_out_sentences(measured.left_out, measured.unanswered, measured.total)


def _lines(found: Scalability, answer: tuple[str, ...]) -> Iterator[str]:
    yield from textwrap.wrap(" ".join(answer), WIDTH)
    yield ""
    yield from draw_scalability(found)
    yield ""
    rows = scalability_figures(found)
    widths = [max(len(row.name) for row in rows), max(len(row.value) for row in rows if row.note)]
    for row in rows:
        yield f"{row.name:<{widths[0]}}  {row.value:<{widths[1]}}  {row.note}".rstrip()
    for sentence in (*(found.bounds.assumptions if found.bounds else ()), *found.notes):
        yield from textwrap.wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
