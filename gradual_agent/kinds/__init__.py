"""The kinds of actions, as users perform them."""
