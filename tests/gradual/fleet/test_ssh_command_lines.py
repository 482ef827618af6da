"""The command lines of `ssh`: what a run needs is enforced, and the host's shell gets one quoted command."""

import shlex
import shutil
import subprocess

import pytest

from gradual.fleet.command_lines import ENFORCED, AgentStart, accepting_command, settings_words, ssh_words
from gradual.fleet.hosts import RemoteHost

SSH = ("ssh", "-F", "my config")
HOST = RemoteHost("a.example", "load", 2222)


def test_the_callers_options_come_first_and_the_host_after_all_options() -> None:
    words = ssh_words(SSH, HOST, "true")
    assert words[:3] == list(SSH)
    assert words[-5:] == ["-p", "2222", "--", "load@a.example", "true"]
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(words)
    assert "-p" not in ssh_words(SSH, RemoteHost("a"), "true")


def test_ssh_knows_every_enforced_setting() -> None:
    if shutil.which("ssh") is None:
        pytest.skip("`ssh` is not installed (Debian: openssh-client)")
    options = [word for setting in ENFORCED for word in ("-o", setting)]
    done = subprocess.run(["ssh", "-F", "none", *options, "-G", "a"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "stricthostkeychecking true" in done.stdout
    assert "batchmode yes" in done.stdout


def test_the_agents_command_is_quoted_for_the_shell_of_the_host() -> None:
    line = AgentStart("~/venv/bin/gradual-agent", "2", "json", verbose=True).line("[fd00::1]:7700", "a b;reboot")
    assert line.startswith("exec ~/venv/bin/gradual-agent --master ")
    words = shlex.split(line)
    assert words[words.index("--name") + 1] == "a b;reboot"
    assert words[words.index("--master") + 1] == "[fd00::1]:7700"
    assert {"--verbose", "--security-on-stdin"} <= set(words)


def test_allowed_code_is_passed_on_as_it_is_written() -> None:
    line = AgentStart(allow_code=("~/my actions/", "my_package.actions")).line("m:7700", "a")
    words = [word for word in shlex.split(line) if word.startswith("--allow-code")]
    assert words == ["--allow-code=~/my actions/", "--allow-code=my_package.actions"]


def test_the_settings_are_asked_for_the_same_host() -> None:
    assert settings_words(SSH, HOST)[3:] == ["-G", "-p", "2222", "--", "load@a.example"]


def test_the_command_that_adds_a_key_asks() -> None:
    assert accepting_command(SSH, HOST) == (
        "ssh -F 'my config' -o StrictHostKeyChecking=ask -p 2222 load@a.example true"
    )
