"""How the tables of the store came to be: a file per change, carried out by alembic."""
