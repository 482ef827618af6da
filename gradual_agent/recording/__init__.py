"""From samples to batches: frames, meters, sealing."""
