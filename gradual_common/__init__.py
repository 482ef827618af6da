"""What the master and the agents share: plan, schedule, slots, histogram, batches, messages.

Nothing here opens a socket, runs an event loop or reads a clock.
"""

__version__ = "0.1.0"
