"""What master and agents say to each other: messages, batches, single samples, and their bytes."""
