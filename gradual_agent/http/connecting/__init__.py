"""Connections: name to address, socket, TLS, upload."""
