"""Numbers, failures and levels in words, as every report writes them; schedules in block characters."""
