"""The kind `python`, in the plan: a coroutine of the user's own."""
