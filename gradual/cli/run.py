"""`gradual run`: the master in this process, and agent processes that connect to it over a private Unix socket.

The order is chosen for a quick first request; it halves the time to it. The agents start first and load their modules
while this process reads the plan and loads the master. Until the master listens they only wait. If the plan has
mistakes, they end there, and no part of the run has started.
"""

# ruff: noqa: PLC0415 - the master loads while the agents do
from __future__ import annotations

import sys
from dataclasses import replace

from gradual.agents.processes import AgentProcesses, default_agents, private_folder, relayed_errors, running_agents
from gradual_master.command_line.options import RunArguments, folder_of, load_arguments, name_of_plan, run_options_of


def run_plan(arguments: RunArguments, agents: int | None) -> int:
    """Run the plan with its own agent processes; return the exit code."""
    plan = name_of_plan(arguments)  # its error should come before any process is started
    number = agents or default_agents()
    log_level = "debug" if arguments.verbose else "warning"
    is_relayed = arguments.monitor and sys.stderr.isatty()
    with private_folder() as folder, relayed_errors(is_relayed) as errors:
        socket = folder / "master"
        options = run_options_of(arguments, stores=True)
        options = replace(options, listen=f"unix:{socket}", expect_agents=number, is_closed=True)
        processes = AgentProcesses(socket, log_level, arguments.log_format, errors, folder_of(plan))
        with running_agents(processes, number):
            from gradual_master.command_line.running import run_and_report

            return run_and_report(load_arguments(arguments), arguments, options, log_level, processes.check)
