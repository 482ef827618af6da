"""What alembic runs around migrations: it uses the transaction that `apply.upgrade` has begun."""

from alembic import context

from gradual_master.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
