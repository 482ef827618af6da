"""The parts of the screen: each is a pure function of the state, a width and a number of rows."""
