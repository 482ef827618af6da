"""What the commands of `gradual` and `gradual-master` share: options, errors, exit codes."""
