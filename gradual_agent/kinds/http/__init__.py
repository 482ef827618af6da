"""The kind `http`, performed: the request, its assertions, what is taken out of the response."""
