"""`-o parquet=FOLDER`: every sample, in Parquet files."""
