"""URLs, header fields and TLS, as the checks of a plan and the engine see them alike."""
