"""How master and agents prove who they are: the join token and TLS (docs/design/architecture.md, 7)."""
