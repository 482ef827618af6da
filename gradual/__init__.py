"""The public face of Gradual: the `gradual` command and `gradual.reporting`."""
