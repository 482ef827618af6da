"""The token and the certificates of one run, made in memory; no disk has them."""

from __future__ import annotations

from datetime import datetime

from gradual.certs.issuing import issue_agent, issue_master, make_authority, make_token


def make_fleet_secret(name: str, namespace: str, now: datetime) -> dict[str, bytes]:
    """The keys of the Secret that master and agents mount. The authority's own key is not kept."""
    authority = make_authority(now)
    master = issue_master(authority, master_names(name, namespace), now)
    agent = issue_agent(authority, "agent", now)
    return {
        "token": make_token(),
        "ca.pem": authority.cert,
        "master.pem": master.cert,
        "master-key.pem": master.key,
        "agent.pem": agent.cert,
        "agent-key.pem": agent.key,
    }


def master_names(name: str, namespace: str) -> list[str]:
    """The names of the master's Service, short and long."""
    service = f"{name}-master"
    return [service, f"{service}.{namespace}", f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local"]
