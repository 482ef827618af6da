"""What every command of Gradual needs of its process: logs, standard streams, Ctrl-C."""
