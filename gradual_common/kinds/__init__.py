"""The kinds of actions, as the plan sees them."""
