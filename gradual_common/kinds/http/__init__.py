"""The kind `http`, as the plan sees it: its fields, assertions and checks."""
