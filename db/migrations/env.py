"""Alembic's door: runs migrations on the connection that store/database.py hands over, in its transaction."""

from typing import Any, Literal

from alembic import context

from t2i_studio.store.models import Base, Utc


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name only SQLAlchemy's types, so that an old one does not change with our code."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, Utc) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
