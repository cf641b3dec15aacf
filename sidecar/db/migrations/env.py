"""Run by alembic: uses the connection and the tables that `sidecar.db.migrate` hands in."""

from alembic import context

settings = context.config.attributes
context.configure(
    connection=settings["connection"],
    target_metadata=settings["metadata"],
    version_table=settings["version_table"],
    render_as_batch=settings["connection"].dialect.name == "sqlite",
    compare_type=True,
)
context.run_migrations()
