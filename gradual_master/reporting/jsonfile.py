"""The summary as a JSON file: the same summary gives the same bytes."""

from __future__ import annotations

import json
import sys

from gradual_common.process.streams import is_utf8
from gradual_master.reporting.interface.files import FileReporter
from gradual_master.results.summary.sections import Summary

STANDARD_OUTPUT = "-"


def render_json(summary: Summary, *, only_ascii: bool = False) -> str:
    """The document, ending in a newline; ValueError for a NaN, which is not JSON.

    `only_ascii`: other characters are escaped (`\\u00e9`), which every JSON parser decodes, in any encoding.
    """
    return json.dumps(summary.to_dict(), indent=2, ensure_ascii=only_ascii, allow_nan=False) + "\n"


class JsonReporter(FileReporter):
    """`-o json=PATH`: writes `gradual.summary/1`; `-` is standard output."""

    option = "json"
    render = staticmethod(render_json)

    def prepare(self) -> None:
        """Check that the file can be written."""
        if self.arg != STANDARD_OUTPUT:
            super().prepare()

    def on_test_complete(self, summary: Summary) -> None:
        """Write the file or to standard output, there with escapes unless its encoding is UTF-8."""
        if self.arg in (None, STANDARD_OUTPUT):
            sys.stdout.write(render_json(summary, only_ascii=not is_utf8(sys.stdout)))
        else:
            super().on_test_complete(summary)
