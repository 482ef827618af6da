"""`-o csv=FOLDER`: the run as CSV files."""
