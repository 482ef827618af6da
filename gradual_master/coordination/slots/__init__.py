"""Which agent runs which slots."""
