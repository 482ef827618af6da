"""`gradual fleet run`: agents on other hosts, started over SSH, for one run of the master in this process."""
