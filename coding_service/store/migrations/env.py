"""Runs migrations on the connection that `coding_service.store.schema` hands over, in its transaction."""

from alembic import context

from coding_service.store.rows import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
