"""Secrets and credentials: how they are found, and masked wherever something is shown."""
