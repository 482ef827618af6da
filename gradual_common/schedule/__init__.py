"""The schedule: ramps, phases and slots, as pure functions of time."""
