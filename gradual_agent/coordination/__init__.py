"""The agent's side of the fleet, decided without I/O: session, lease, slots, batches on their way."""
