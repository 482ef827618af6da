"""Wrong variables of docker-compose.yml: the message says what, where and what to do, and the bank is never asked."""

from __future__ import annotations

import pytest
from compose_project import ComposeProject, command_with, served

MASTER = "docker compose run --rm --no-deps -T master"
"""The master alone: it checks the variables before it needs anybody."""


def test_a_plan_that_is_not_in_the_container_ends_the_fleet_with_2(project: ComposeProject) -> None:
    ended = project.run(command_with("PLAN=./my.yaml"))
    assert ended.code == 2, ended.output
    assert "docker-compose.yml: PLAN: the folder '.' holds no './my.yaml'; no load was sent" in ended.output
    assert "give PLAN relative to it" in ended.output
    assert served(ended.output) == 0


@pytest.mark.parametrize(
    ("agents", "message"),
    [
        ("abc", 'services.agent.deploy.replicas: failed to cast to expected type: strconv.Atoi: parsing "abc"'),
        ("1.5", 'services.agent.deploy.replicas: failed to cast to expected type: strconv.Atoi: parsing "1.5"'),
        ("-1", "services.agent.deploy.replicas: must be greater than or equal to 0"),
    ],
)
def test_agents_that_are_no_number_are_refused_by_compose_itself(
    project: ComposeProject, agents: str, message: str
) -> None:
    ended = project.run("docker compose up --exit-code-from master", AGENTS=agents)
    assert ended.code != 0
    assert message in ended.output
    assert project.containers("--all") == []


def test_no_agents_are_refused(project: ComposeProject) -> None:
    ended = project.run(MASTER, AGENTS="0")
    assert ended.code == 2
    assert "AGENTS: '0' is not a number of agents; no load was sent" in ended.output
    assert "Give a number from 1, such as AGENTS=3" in ended.output


def test_a_folder_as_plan_is_refused(project: ComposeProject) -> None:
    ended = project.run(MASTER, PLAN="examples")
    assert ended.code == 2
    assert "PLAN: 'examples' in the folder '.' is not a file" in ended.output


def test_a_plan_that_the_container_may_not_read_is_refused(project: ComposeProject) -> None:
    project.write_plan()
    (project.folder / "my.yaml").chmod(0o600)
    ended = project.run(MASTER, PLAN="my.yaml", FOLDER=str(project.folder))
    assert ended.code == 2
    assert f"PLAN: user 10001, as whom the master runs, may not read 'my.yaml' in the folder '{project.folder}'" in (
        ended.output
    )
    assert "chmod o+r" in ended.output


def test_a_folder_that_the_container_may_not_enter_is_refused(project: ComposeProject) -> None:
    private = project.folder / "private"
    private.mkdir(mode=0o700)
    (private / "my.yaml").write_text("")
    ended = project.run(MASTER, PLAN="my.yaml", FOLDER=str(private))
    assert ended.code == 2
    assert f"FOLDER: user 10001, as whom the master runs, may not enter '{private}'; no load was sent" in ended.output
    assert "chmod o+rx" in ended.output


def test_a_folder_that_is_not_there_is_not_made(project: ComposeProject) -> None:
    folder = project.folder / "nowhere"
    ended = project.run(MASTER, FOLDER=str(folder))
    assert ended.code != 0
    assert f"bind source path does not exist: {folder}" in ended.output
    assert not folder.exists()


def test_a_plan_with_mistakes_is_refused_with_all_of_them(project: ComposeProject) -> None:
    (project.folder / "my.yaml").write_text("config: {duration: 5 minutes}\nusers: []\nactions: {}\n")
    ended = project.run("docker compose run --rm -T master", PLAN="my.yaml", AGENTS="1")
    assert ended.code == 2
    assert "my.yaml:1: config.duration: '5 minutes' is not a duration" in ended.output
