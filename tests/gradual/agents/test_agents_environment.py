"""Agents of `gradual run` inherit what they need, and no secret of the plan."""

from gradual.agents.environment import environment_of_agents


def test_only_what_system_and_libraries_need_is_passed_on() -> None:
    kept = {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "/p", "SSL_CERT_FILE": "/c", "GRADUAL_CORE_DUMPS": "1"}
    secret = {
        "PLAN_KEY": "s",
        "AWS_SECRET_ACCESS_KEY": "s",
        "GRADUAL_TOKEN": "s",
        "PASSWORD": "s",
        "UV_INDEX_PASSWORD": "s",
    }
    assert environment_of_agents(kept | secret) == kept
