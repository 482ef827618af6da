"""What everything else in the agent stands on: timers, suspension, the lease, the sample, health."""
