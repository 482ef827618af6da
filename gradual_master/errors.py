"""The exceptions of `gradual_master`.

GradualError
└── MasterError                  a run that cannot be done as requested
    ├── IllegalTransitionError   a run or an agent has no such transition (a bug, never the user's mistake)
    ├── OptionError              an option of the run that is out of range
    ├── InsecureError            plaintext off loopback without `--insecure`, or secrets with it
    ├── ListenError              the address cannot be listened on
    ├── ReporterError            a reporter that is not there, or that cannot write its report
    ├── WatchError               a watch without a value; it never ends a run
    ├── AnalysisError            measured values that cannot be analysed
    ├── SummaryRefusedError      a document that is no summary of a run, or holds what no summary can
    ├── StoreError               the store cannot be opened, read or written
    └── StoreInputError          a store, run or baseline that is not there, or a name that is not allowed
"""

from __future__ import annotations

from gradual_common.errors import GradualError
from gradual_common.process.exit_codes import NOT_DONE, WRONG_INPUT


class MasterError(GradualError):
    """A run that cannot be done as requested."""

    exit_code = WRONG_INPUT


class IllegalTransitionError(MasterError):
    """A run or an agent has no such transition; the message names who, the state and the event."""


class OptionError(MasterError, ValueError):
    """An option of the run that is out of range; the message says what is allowed."""


class InsecureError(MasterError):
    """Plaintext off loopback without `--insecure`, or a plan with secrets with it (docs/design/architecture.md, 7)."""


class ListenError(MasterError):
    """The address cannot be listened on; the message says why and what to do."""


class ReporterError(MasterError):
    """A reporter that is not there, or that cannot write its report; raised before any load is sent."""


class WatchError(MasterError):
    """A watch has no value; the message says why, and what would be enough. It never ends a run."""


class AnalysisError(MasterError, ValueError):
    """Measured values that cannot be analysed; the message says which value of which level, and what is allowed."""


class SummaryRefusedError(MasterError, ValueError):
    """A document that is no summary of a run; the message says which, what of it, and what is allowed."""


class StoreError(MasterError):
    """The store cannot be opened, read or written; the message names its file and the reason."""

    exit_code = NOT_DONE


class StoreInputError(MasterError):
    """A store, run or baseline that is not there, or that is not named as allowed; the message says what is."""
