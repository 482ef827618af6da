"""The summary as text: what was measured first, the verdict last, where the eye is when a command has ended."""
