"""From the text of a plan to plain values, each with the line it came from."""
