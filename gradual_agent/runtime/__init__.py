"""Basics that the rest of the agent uses: timers, suspension, the lease, the sample, health."""
