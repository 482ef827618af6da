"""The exceptions of the package `gradual`.

GradualError
├── TransferRefusedError     the demo bank refuses a transfer
├── RequestRefusedError      the demo bank refuses a request, with a status
├── AddressInUseError        the demo bank cannot listen at its address
├── AgentsFailedError        the agents of `gradual run` or `gradual fleet run` cannot be started
├── NotReadyError            a master that does not take agents, as `gradual health` finds it
├── UsageError               an argument of `gradual.run` is out of range
├── StarterRefusedError      `gradual init` cannot or will not write its file
├── MeasurementsRefusedError `gradual analyze` cannot use its file
├── CompareRefusedError      `gradual compare` cannot use its files, or must not compare their runs
│   └── NoJsonError          one of its files is no JSON
├── RepeatRefusedError       `gradual repeat` cannot use its folder or its options
├── CertsRefusedError        `gradual certs` cannot or will not make a certificate or a file
├── HostsRefusedError        `gradual fleet run` cannot use its hosts or options as they are given
├── ClusterInputError        an option of `gradual kubernetes`, or a plan that does not fit into a cluster's objects
└── ClusterError             a cluster that cannot be reached, or does not do what a run needs
"""

from gradual_common.errors import GradualError
from gradual_common.process.exit_codes import WRONG_INPUT


class TransferRefusedError(GradualError):
    """The demo bank refuses a transfer; the message says why."""


class RequestRefusedError(GradualError):
    """The demo bank refuses a request: the `status` of its answer, and a message that says why."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class AddressInUseError(GradualError):
    """The demo bank cannot listen at its address; the message says what to do."""


class AgentsFailedError(GradualError):
    """The agents of `gradual run` or `gradual fleet run` cannot be started; the message names the host."""


class NotReadyError(GradualError):
    """A master that does not take agents; the message says why."""


class UsageError(GradualError):
    """An argument of `gradual.run` is out of range; the message says what is allowed."""

    exit_code = WRONG_INPUT


class StarterRefusedError(GradualError):
    """`gradual init` cannot or will not write its file; the message says what to do."""

    exit_code = WRONG_INPUT


class MeasurementsRefusedError(GradualError):
    """`gradual analyze` cannot use its file; the message names the line, and says what would be enough."""

    exit_code = WRONG_INPUT


class CompareRefusedError(GradualError):
    """`gradual compare` cannot use its files, or must not compare their runs; the message says what would be right."""

    exit_code = WRONG_INPUT


class NoJsonError(CompareRefusedError):
    """A file that `gradual compare` reads is no JSON; the message names it and the reason."""


class RepeatRefusedError(GradualError):
    """`gradual repeat` cannot use its folder or its options; the message says what to do."""

    exit_code = WRONG_INPUT


class CertsRefusedError(GradualError):
    """`gradual certs` cannot or will not make a certificate or a file; the message says what to do."""

    exit_code = WRONG_INPUT


class HostsRefusedError(GradualError):
    """`gradual fleet run` cannot use its hosts or options as they are given; the message says what is allowed."""

    exit_code = WRONG_INPUT


class ClusterError(GradualError):
    """A cluster that cannot be reached, or does not do what a run needs; the message says what to do."""


class ClusterInputError(GradualError):
    """An option or plan that `gradual kubernetes` cannot use; the message says what is allowed."""

    exit_code = WRONG_INPUT
