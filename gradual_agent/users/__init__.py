"""Virtual users: their behaviour, their variables, and the coroutine that performs it."""
