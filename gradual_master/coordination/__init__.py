"""The master's side of the fleet, decided without I/O: life cycle, leases, slots, orders, batches."""
