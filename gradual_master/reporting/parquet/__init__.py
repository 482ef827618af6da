"""`-o parquet=FOLDER`: every single sample as Parquet files."""
