"""What the shape of a plan cannot say: one module per subject."""
