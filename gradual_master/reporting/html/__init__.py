"""The HTML report: one file with everything in it, which opens offline, prints, and shows the whole run."""
