"""Authentication of requests, as a plan writes it under `auth`: one module for each scheme."""
