"""The credentials of one run: every host its own certificate, one authority, one token, and nothing of it shown."""

from datetime import UTC, datetime, timedelta

from cryptography import x509

from gradual.certs.issuing import end_of, hosts_of
from gradual.fleet.credentials import make_credentials

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_every_host_has_its_own_certificate_of_one_authority() -> None:
    made = make_credentials(["10.0.0.1", "judge.example"], 3, NOW)
    identities = [made.master.identity, *(agent.identity for agent in made.agents)]
    assert len({identity.ca for identity in identities}) == 1
    assert len({identity.key for identity in identities}) == len({identity.cert for identity in identities}) == 4
    assert {security.token for security in (made.master, *made.agents)} == {made.master.token}
    assert len(made.master.token) >= 43


def test_the_masters_certificate_is_for_its_addresses_and_ends_soon() -> None:
    made = make_credentials(["10.0.0.1", "judge.example"], 1, NOW)
    cert = made.master.identity.cert
    assert cert is not None
    assert {"10.0.0.1", "judge.example"} <= set(hosts_of(cert))
    assert end_of(cert) <= NOW + timedelta(days=8)
    authority = made.master.identity.ca
    assert authority is not None
    x509.load_pem_x509_certificate(cert).verify_directly_issued_by(x509.load_pem_x509_certificate(authority))


def test_nothing_secret_is_shown() -> None:
    made = make_credentials(["10.0.0.1"], 1, NOW)
    assert made.master.token not in repr(made)
    assert "PRIVATE KEY" not in repr(made)
