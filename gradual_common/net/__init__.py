"""URLs, certificates and TLS settings, as plan checks and engine see them alike."""
