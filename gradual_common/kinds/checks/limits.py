"""Assertions on a figure: it lies on the right side of a limit."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from gradual_common.kinds.checks.check import Assertion, Check, Hide, Measured, Predicate
from gradual_common.kinds.checks.values import COMPARE
from gradual_common.kinds.content import Content
from gradual_common.templates.templates import Compiled

SIDES = {"<": "above", "<=": "above", ">": "below", ">=": "below", "==": "other than", "!=": "of"}
"""By the operator, on which side of its limit a sample was that failed; hardly one meets the edge itself."""


class LimitCheck(Check):
    """A figure of the sample, compared with a whole number."""

    noun: ClassVar[str]
    """What the figure is called in labels."""

    @abstractmethod
    def measure(self, sample: Measured, content: Content) -> int:
        """The figure."""

    @abstractmethod
    def show_limit(self, limit: int) -> str:
        """A limit in words."""

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """The figure compared."""
        measure, compare, limit = self.measure, COMPARE[assertion.op], assertion.expected
        return lambda sample, content, scope: compare(measure(sample, content), limit)

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The figure."""
        return self.show_limit(self.measure(sample, content))

    def label_for(self, assertion: Assertion) -> str:
        """`response time above 500 ms`."""
        return f"{self.noun} {SIDES[assertion.op]} {self.show_limit(assertion.expected)}"
