"""What Synnefo's APIs need: who things are shared with one by one, public links, images that follow an object."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from imageferry.domain.blob import blocks_in
from imageferry.domain.block import EMPTY
from imageferry.domain.hash_map import top_of

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _reading_less()
    of_object = (["container_id", "name"], ["objects.container_id", "objects.name"])
    op.create_table(
        "shares",
        sa.Column("container_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("grantee", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(*of_object, name=op.f("fk_shares_container_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("container_id", "name", "grantee", name=op.f("pk_shares")),
    )
    by_grantee = ["grantee", "project_id", "container_id"]
    op.create_index(op.f("ix_shares_grantee_project_id_container_id"), "shares", by_grantee, unique=False)
    op.create_table(
        "public_links",
        sa.Column("container_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.ForeignKeyConstraint(*of_object, name=op.f("fk_public_links_container_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("container_id", "name", name=op.f("pk_public_links")),
        sa.UniqueConstraint("token", name=op.f("uq_public_links_token")),
    )
    op.create_table(
        "account_groups",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("member", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", "member", name=op.f("pk_account_groups")),
    )
    op.create_index(op.f("ix_account_groups_member"), "account_groups", ["member"], unique=False)
    op.create_table(
        "registrations",
        sa.Column("image_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("disk_format", TEXT, nullable=False),
        sa.Column("container_format", TEXT, nullable=False),
        sa.Column("standing", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("resumes", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_registrations_image_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_registrations")),
    )
    op.create_index(op.f("ix_registrations_standing"), "registrations", ["standing"], unique=False)
    op.add_column("containers", sa.Column("filled_at", sa.BigInteger(), nullable=True))
    _tops_of_blobs()


def _tops_of_blobs() -> None:
    """Every blob gets the hash of its block names' tree; those of before have it computed here, once."""
    op.add_column("blobs", sa.Column("top", TEXT, nullable=True))
    connection = op.get_bind()
    page = sa.text("SELECT id, size FROM blobs WHERE id > :after ORDER BY id LIMIT 1000")
    stored = sa.text('SELECT "index", name FROM blob_blocks WHERE blob_id = :id')
    keeping = sa.text("UPDATE blobs SET top = :top WHERE id = :id")
    after = ""
    while rows := connection.execute(page, {"after": after}).all():
        for row in rows:
            blocks = dict(tuple(found) for found in connection.execute(stored, {"id": row.id}))
            top = top_of([blocks.get(number, EMPTY) for number in range(blocks_in(row.size))])
            connection.execute(keeping, {"id": row.id, "top": top})
        after = rows[-1].id


def _reading_less() -> None:
    """What pages of versions and sweeps find without looking at what they do not answer with."""
    newest_first: list[str | sa.TextClause] = ["container_id", "name", sa.text("version DESC")]
    op.create_index(op.f("ix_object_versions_newest_first"), "object_versions", newest_first, unique=False)
    op.add_column("blocks", sa.Column("settled", sa.Boolean(), nullable=True))
    op.drop_index(op.f("ix_blocks_touched_at"), table_name="blocks")
    unsettled = sa.text("settled IS NULL")
    op.create_index(
        op.f("ix_blocks_unsettled"),
        "blocks",
        ["touched_at"],
        unique=False,
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
