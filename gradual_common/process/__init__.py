"""What every command of Gradual needs of its process: exit codes, logs, standard streams, Ctrl-C, the parent."""
