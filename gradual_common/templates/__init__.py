"""Templates of a plan: sandboxed, strict, bounded."""
