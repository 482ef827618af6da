"""One agent process, and the processes of one `gradual-agent` command."""
