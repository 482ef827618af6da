"""From merged batches to the summary: aggregate, levels, objectives, verdict."""
