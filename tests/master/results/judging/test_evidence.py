"""Shares of nothing are nothing."""

from gradual_master.results.judging.evidence import Evidence, Loss


def test_shares_are_of_their_whole() -> None:
    evidence = Evidence(
        objectives=(),
        scheduled_user_s=200,
        missing_user_s=3,
        begun=1000,
        merged=990,
        intervals=40,
        saturated_intervals=10,
    )
    assert (evidence.missing_share, evidence.lost_share, evidence.saturated_share) == (0.015, 0.01, 0.25)
    assert Loss("a", 12, 5).count == 7


def test_without_a_whole_there_is_no_share() -> None:
    evidence = Evidence(objectives=(), missing_user_s=3)
    assert (evidence.missing_share, evidence.lost_share, evidence.saturated_share) == (0, 0, 0)
