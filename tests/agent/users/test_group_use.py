"""What the steps of a group use is known from their texts."""

import pytest

from gradual_agent.users.group_use import response_use


@pytest.mark.parametrize(
    ("texts", "use"),
    [
        ([("plain response text", False)], (False, False, False)),
        ([("{{ user.text }}", False)], (False, False, False)),
        ([("response.status == 'success'", True)], (True, False, False)),
        ([("{{ responses.login.headers.Location }}", False)], (True, True, False)),
        ([("{{ response.json.token }}", False)], (True, False, True)),
        ([("'x' in response.text", True)], (True, False, True)),
        ([("{{ response[user.part] }}", False)], (True, True, True)),
    ],
)
def test_what_templates_read_of_responses_is_kept(texts: list[tuple[str, bool]], use: tuple[bool, bool, bool]) -> None:
    assert response_use(texts) == use
