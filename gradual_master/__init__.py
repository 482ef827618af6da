"""Coordinates the fleet: schedule, leases, slots, aggregation, verdict, reports."""
