"""Who gets which rows of the data sets with `per: iteration` (docs/design/fleet.md, 4.13).

What was handed out is committed before it is sent, and never handed out again. The requests of an agent are numbered:
one that comes again, because a stream was lost before its answer arrived, gets the same block again. So a lost message
loses no row, and no row is used twice. The rows that a lost agent has not used are used by nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradual_common.errors import WireError
from gradual_common.plan.data.supplies import Supply
from gradual_common.protocol.messages import SEQUENCE, BlockRequest, BlockUse, DealtBlock, MasterMessage, Source
from gradual_common.units import count
from gradual_master.coordination.fleet.agent import ASSIGNABLE, FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.journal import RowsHandedOut
from gradual_master.coordination.supply.dealer import Dealer, SequenceDealer
from gradual_master.results.facts import SupplyFacts

MAX_SEQUENCES = 1000


@dataclass(slots=True)
class RowAccount:
    """What one agent got of one data set of a group."""

    agent: FleetAgent
    dealer: Dealer | SequenceDealer
    block: DealtBlock | None = None
    """The answer to its last request."""
    got: int = 0
    used: int = 0


@dataclass(eq=False, slots=True)
class Dealing:
    """Hands out rows to the agents that ask for them."""

    supplies: Mapping[Source, Supply]
    fleet: Fleet
    out: Instructions
    _dealers: dict[Source, Dealer] = field(init=False)
    _accounts: dict[tuple[str, Source], RowAccount] = field(init=False, default_factory=dict)
    _sequences: dict[str, SequenceDealer] = field(init=False, default_factory=dict)
    _noted: int = field(init=False, default=0)
    """How many losses were looked at."""

    def __post_init__(self) -> None:
        shared = {id(supply): Dealer(supply) for supply in self.supplies.values()}
        self._dealers = {source: shared[id(supply)] for source, supply in self.supplies.items()}

    def hand_out(self, agent: FleetAgent, request: BlockRequest, now: int) -> None:
        """Answer a request; an agent that leaves or is gone gets nothing more."""
        account = self._account(agent, (request.group, request.name))
        if agent.state not in ASSIGNABLE or not agent.has_lease(now):
            return
        known = account.block.number if account.block is not None else 0
        if request.number not in (known, known + 1):
            raise WireError(f"it asks for block {request.number} of {request.name!r} after block {known}")
        if request.number > known:
            self._deal(account, request)
        self.out.send(agent, MasterMessage(block=account.block))

    def _deal(self, account: RowAccount, request: BlockRequest) -> None:
        agents = sum(agent.state in ASSIGNABLE for agent in self.fleet)
        dealt = account.dealer.deal(request.count, agents)
        account.block = DealtBlock(
            request.group,
            request.name,
            request.number,
            dealt.first,
            dealt.passes,
            dealt.rows,
            dealt.exhausted,
            dealt.count,
        )
        dealt_now = len(dealt.rows) or dealt.count
        account.got += dealt_now
        self.out.commit(
            RowsHandedOut(account.agent.id, request.group, request.name, dealt.passes, dealt.first, dealt_now)
        )

    def note_used(self, agent: FleetAgent, use: BlockUse) -> None:
        """An agent says how many of its rows were used; WireError if it never got so many."""
        account = self._account(agent, (use.group, use.name))
        if use.used > account.got:
            raise WireError(f"it used {use.used} rows of {use.name!r} and got {account.got}")
        account.used = max(account.used, use.used)

    def _account(self, agent: FleetAgent, source: Source) -> RowAccount:
        dealer = self._sequence(source[1]) if source[0] == SEQUENCE else self._dealers.get(source)
        if dealer is None:
            raise WireError(f"group {source[0]} has no rows of {source[1]!r} for iterations")
        key = (agent.id, source)
        if key not in self._accounts:
            self._accounts[key] = RowAccount(agent, dealer)
        return self._accounts[key]

    def _sequence(self, name: str) -> SequenceDealer:
        if name not in self._sequences and len(self._sequences) >= MAX_SEQUENCES:
            raise WireError(f"{name!r} is one sequence too many; at most {MAX_SEQUENCES} are allowed")
        return self._sequences.setdefault(name, SequenceDealer())

    def facts(self) -> tuple[SupplyFacts, ...]:
        """What became of the rows of each supply."""
        return tuple(self._facts(dealer) for dealer in {id(one): one for one in self._dealers.values()}.values())

    def _facts(self, dealer: Dealer) -> SupplyFacts:
        mine = [account for account in self._accounts.values() if account.dealer is dealer]
        return SupplyFacts(
            name=dealer.supply.name,
            rows=len(dealer.supply.rows),
            handed_out=dealer.handed_out,
            used=sum(account.used for account in mine),
            is_used_up=not dealer.supply.recycles and dealer.handed_out == len(dealer.supply.rows),
            lost=sum(account.got - account.used for account in mine if account.agent.is_lost),
        )

    def note_losses(self, lost: Sequence[FleetAgent]) -> None:
        """Warn of the rows that went with agents; `lost` are all losses so far."""
        for agent in lost[self._noted :]:
            self._note_loss(agent)
        self._noted = len(lost)

    def _note_loss(self, agent: FleetAgent) -> None:
        for (owner, (group, name)), account in self._accounts.items():
            if owner == agent.id and group != SEQUENCE and (gone := account.got - account.used):
                rows = f"{count(gone, 'row')} of {name!r} went with agent {agent.name}"
                text = f"{rows}: nobody else gets them, and whether they were used is not known"
                self.out.note("warning", text, agent)
