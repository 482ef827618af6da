"""A host that cannot be used ends `gradual fleet run` before any load, with its name, the reason and what to do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fleet_processes import Target
from ssh_hosts import SshHosts, ssh_hosts

HOSTS = ("a", "b", "c")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[tuple[SshHosts, Target]]:
    with ssh_hosts(tmp_path, HOSTS) as made:
        yield made


def unknown_key(hosts: SshHosts) -> None:
    hosts.know("a", "b")
    hosts.serve(*HOSTS)


def changed_key(hosts: SshHosts) -> None:
    hosts.make_key("c_host_key")
    hosts.serve(*HOSTS)


def no_sshd(hosts: SshHosts) -> None:
    hosts.serve("a", "b")


def no_package(hosts: SshHosts) -> None:
    hosts.serve("a", "b")
    hosts.serve("c", has_package=False)


def no_network(hosts: SshHosts) -> None:
    hosts.serve(*HOSTS)
    hosts.network["c"].unplug()


FAILURES = {
    "unknown_key": (unknown_key, "c: its host key is not known", "-o StrictHostKeyChecking=ask c true"),
    "changed_key": (changed_key, "c: its host key has changed", "-o StrictHostKeyChecking=ask c true"),
    "no_sshd": (no_sshd, "c: it cannot be reached: Connection refused", ""),
    "no_package": (no_package, "c: there is no gradual-agent (exit code 127): install Gradual", "--agent-command"),
    "no_network": (no_network, "c: it cannot be reached: ", ""),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_one_bad_host_ends_all_before_any_load(failure: str, network: tuple[SshHosts, Target], tmp_path: Path) -> None:
    prepare, reason, advice = FAILURES[failure]
    check_failure(network, tmp_path, prepare, reason, advice)


def test_a_login_that_fails_names_the_first_host(network: tuple[SshHosts, Target], tmp_path: Path) -> None:
    def wrong_login(hosts: SshHosts) -> None:
        hosts.serve(*HOSTS)
        hosts.make_key("user_key")

    check_failure(network, tmp_path, wrong_login, ": the login failed: Permission denied (publickey)", "ssh-copy-id")


def check_failure(
    network: tuple[SshHosts, Target], folder: Path, prepare: Callable[[SshHosts], None], reason: str, advice: str
) -> None:
    hosts, target = network
    prepare(hosts)
    plan = folder / "plan.yaml"
    plan.write_text(
        f"config: {{base_url: '{target.url}', duration: 10s}}\n"
        "users: [{name: user, concurrency: 5, behavior: [{action: get}]}]\nactions: {get: {url: /ok}}\n"
    )
    assert hosts.wait(hosts.start(plan, HOSTS)) == 3, hosts.output()
    (error,) = [line for line in hosts.output().splitlines() if line.startswith("gradual: ")]
    assert reason in error
    assert advice in error
    hosts.await_no_agents()
    assert target.count() == 0
    assert not (folder / "summary.json").exists()
