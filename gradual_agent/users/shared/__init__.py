"""What the users of one agent share: places where they meet, and pools of values."""
