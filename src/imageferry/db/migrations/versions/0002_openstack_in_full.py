"""What the whole of OpenStack needs beside the first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "project_limits",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_limits_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "resource", name=op.f("pk_project_limits")),
    )
    _metadata_definitions()


def _metadata_definitions() -> None:
    op.create_table(
        "metadef_namespaces",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=True),
        sa.Column("visibility", TEXT, nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metadef_namespaces")),
        sa.UniqueConstraint("name", name=op.f("uq_metadef_namespaces_name")),
    )
    op.create_index(
        op.f("ix_metadef_namespaces_created_at_name"), "metadef_namespaces", ["created_at", "name"], unique=False
    )
    op.create_table(
        "metadef_parts",
        sa.Column("namespace_id", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["namespace_id"], ["metadef_namespaces.id"], name=op.f("fk_metadef_parts_namespace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("namespace_id", "number", name=op.f("pk_metadef_parts")),
        sa.UniqueConstraint("namespace_id", "kind", "name", name=op.f("uq_metadef_parts_namespace_id_kind_name")),
    )
    op.create_index(op.f("ix_metadef_parts_kind_name"), "metadef_parts", ["kind", "name"], unique=False)
