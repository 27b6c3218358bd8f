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
    for column in ("step_started_at", "progressed_at"):
        op.add_column("tasks", sa.Column(column, sa.BigInteger(), nullable=True))
    _lists_of_images()
    _metadata_definitions()
    _roles_and_tokens_beyond_projects()
    _rules_of_application_credentials()
    _versions_and_links_of_objects()
    _quarantine()
    _blocks_by_project()


def _blocks_by_project() -> None:
    op.drop_index(op.f("ix_blob_blocks_name"), table_name="blob_blocks")
    op.create_index(op.f("ix_blob_blocks_name_blob_id"), "blob_blocks", ["name", "blob_id"], unique=False)
    op.create_table(
        "sent_blocks",
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["blocks.name"], name=op.f("fk_sent_blocks_name")),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_sent_blocks")),
    )
    for column in ("name", "sent_at"):
        op.create_index(op.f(f"ix_sent_blocks_{column}"), "sent_blocks", [column], unique=False)


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_expires_at"), "quarantine", ["expires_at"], unique=False)
    op.create_table(
        "quarantine_blobs",
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("blob_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["quarantine.task_id"], name=op.f("fk_quarantine_blobs_task_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_quarantine_blobs_blob_id")),
        sa.PrimaryKeyConstraint("task_id", "blob_id", name=op.f("pk_quarantine_blobs")),
    )
    op.create_index(op.f("ix_quarantine_blobs_blob_id"), "quarantine_blobs", ["blob_id"], unique=False)


def _rules_of_application_credentials() -> None:
    op.add_column("app_credentials", sa.Column("rules", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "access_rules",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("service", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_access_rules_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_rules")),
        sa.UniqueConstraint(
            "user_id", "service", "path", "method", name=op.f("uq_access_rules_user_id_service_path_method")
        ),
    )


def _roles_and_tokens_beyond_projects() -> None:
    for table, column in (("domains", "description"), ("users", "description"), ("users", "email")):
        op.add_column(table, sa.Column(column, TEXT, nullable=True))
    op.create_table(
        "domain_grants",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("domain_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_domain_grants_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domains.id"], name=op.f("fk_domain_grants_domain_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "domain_id", "role", name=op.f("pk_domain_grants")),
    )
    op.create_index(op.f("ix_domain_grants_domain_id"), "domain_grants", ["domain_id"], unique=False)
    op.create_table(
        "system_grants",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_system_grants_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_system_grants")),
    )
    # Who is admin of any project runs the service already, and may now say so with a system token.
    op.execute(
        "INSERT INTO system_grants (user_id, role) SELECT DISTINCT user_id, role FROM grants WHERE role = 'admin'"
    )
    # Tokens last for hours: whoever has one logs in again, and the table is made anew in one way on both engines.
    op.drop_table("tokens")
    op.create_table(
        "tokens",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("project_id", TEXT, nullable=True),
        sa.Column("domain_id", TEXT, nullable=True),
        sa.Column("system", sa.Boolean(), nullable=False),
        sa.Column("methods", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("audit_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("credential_id", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tokens_project_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["domain_id"], ["domains.id"], name=op.f("fk_tokens_domain_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["app_credentials.id"], name=op.f("fk_tokens_credential_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tokens")),
    )
    for column in ("credential_id", "domain_id", "expires_at", "project_id", "user_id"):
        op.create_index(op.f(f"ix_tokens_{column}"), "tokens", [column], unique=False)


def _versions_and_links_of_objects() -> None:
    op.add_column("containers", sa.Column("keeps_versions", sa.Boolean(), nullable=True))
    op.add_column("containers", sa.Column("archive", TEXT, nullable=True))
    op.add_column("containers", sa.Column("archiving", TEXT, nullable=True))
    op.add_column("objects", sa.Column("link", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("objects", sa.Column("version", sa.BigInteger(), nullable=True))
    op.create_table(
        "object_versions",
        sa.Column("container_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_id", TEXT, nullable=False),
        sa.Column("blob_id", TEXT, nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("md5", TEXT, nullable=False),
        sa.Column("content_type", TEXT, nullable=False),
        sa.Column("metadata", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("headers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("manifest", TEXT, nullable=True),
        sa.Column("whole_size", sa.BigInteger(), nullable=True),
        sa.Column("whole_etag", TEXT, nullable=True),
        sa.Column("link", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["container_id"], ["containers.id"], name=op.f("fk_object_versions_container_id")),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_object_versions_blob_id")),
        sa.PrimaryKeyConstraint("container_id", "name", "version", name=op.f("pk_object_versions")),
    )
    op.create_index(op.f("ix_object_versions_blob_id"), "object_versions", ["blob_id"], unique=False)


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


def _lists_of_images() -> None:
    for column in ("owner", "visibility"):  # now in the order of lists
        op.drop_index(op.f(f"ix_images_{column}"), table_name="images")
        op.create_index(op.f(f"ix_images_{column}_created_at_id"), "images", [column, "created_at", "id"], unique=False)
