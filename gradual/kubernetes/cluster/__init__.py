"""What a run does in a cluster.

`client` calls it, `run_objects` makes and removes objects, `diagnosis` reads how a run stands, `log_lines` shows a log
while it is written, and `reports` brings the reports.
"""
