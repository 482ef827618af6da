"""What the users of one agent share: places where they meet, pools of values, rows that are dealt out."""
