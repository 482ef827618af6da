"""Intervals by resampling: the bootstrap, the refits that it needs, and the quantities that get intervals."""
