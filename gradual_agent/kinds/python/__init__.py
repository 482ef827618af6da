"""The kind `python`, performed: a task that runs the code, and the user's HTTP client for its requests."""
