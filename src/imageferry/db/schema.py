"""The tables, for both engines.

Times are microseconds since 1970 (domain.moment). Text is ordered by its bytes: SQLite does
so by itself, PostgreSQL is told to by the collation "C". What these tables say must be what
the migrations make; a test compares them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
JSON_TEXT = JSON(none_as_null=True)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _where(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Of which rows an index knows."""
    return {"sqlite_where": condition, "postgresql_where": condition}


domains = Table(
    "domains",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("enabled", Boolean, nullable=False),
    Column("description", TEXT),  # NULL: made before there was one
)

projects = Table(
    "projects",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("domain_id", TEXT, ForeignKey("domains.id"), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("enabled", Boolean, nullable=False),
    UniqueConstraint("domain_id", "name"),
)

project_limits = Table(  # how much may be kept as images, where it is not as for all
    "project_limits",
    metadata,
    Column("project_id", TEXT, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("resource", TEXT, primary_key=True),
    Column("limit", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("domain_id", TEXT, ForeignKey("domains.id"), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("default_project_id", TEXT),  # a wish, not a promise: the project may never have been there
    Column("enabled", Boolean, nullable=False),
    Column("password_hash", TEXT, nullable=False),
    Column("description", TEXT),  # as in domains
    Column("email", TEXT),
    UniqueConstraint("domain_id", "name"),
)

grants = Table(
    "grants",
    metadata,
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", TEXT, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", TEXT, primary_key=True),
)

domain_grants = Table(
    "domain_grants",
    metadata,
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("domain_id", TEXT, ForeignKey("domains.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", TEXT, primary_key=True),
)

system_grants = Table(
    "system_grants",
    metadata,
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", TEXT, primary_key=True),
)

app_credentials = Table(
    "app_credentials",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", TEXT, ForeignKey("projects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("roles", JSON_TEXT, nullable=False),
    Column("expires_at", BigInteger),
    Column("unrestricted", Boolean, nullable=False),
    Column("secret_hash", TEXT, nullable=False),
    Column("rules", JSON_TEXT),
    UniqueConstraint("user_id", "name"),
)

access_rules = Table(
    "access_rules",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("service", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("method", TEXT, nullable=False),
    UniqueConstraint("user_id", "service", "path", "method"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("hash", TEXT, primary_key=True),
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("project_id", TEXT, ForeignKey("projects.id", ondelete="CASCADE"), index=True),
    Column("domain_id", TEXT, ForeignKey("domains.id", ondelete="CASCADE"), index=True),
    Column("system", Boolean, nullable=False),  # neither project nor domain nor this: unscoped
    Column("methods", JSON_TEXT, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("audit_ids", JSON_TEXT, nullable=False),
    Column("credential_id", TEXT, ForeignKey("app_credentials.id", ondelete="CASCADE"), index=True),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("touched_at", BigInteger, nullable=False),
    Column("settled", Boolean),  # a blob was seen to have it, and none that did was deleted since; else NULL
)
Index("ix_blocks_unsettled", blocks.c.touched_at, **_where(blocks.c.settled.is_(None)))

blobs = Table(
    "blobs",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("digests", JSON_TEXT, nullable=False),
    Column("top", TEXT),  # of the tree over its block names (domain.hash_map); every row has it
    Column("created_at", BigInteger, nullable=False),
    Column("released_at", BigInteger, nullable=False, index=True),  # when a record last let go of it, or it was made
)

blob_blocks = Table(
    "blob_blocks",
    metadata,
    Column("blob_id", TEXT, ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("name", TEXT, ForeignKey("blocks.name"), nullable=False),
    Index(None, "name", "blob_id"),  # from blob to blob, over a block that stands in one a million times
)

sent_blocks = Table(  # by a project that has not used them yet
    "sent_blocks",
    metadata,
    Column("project_id", TEXT, primary_key=True),
    Column("name", TEXT, ForeignKey("blocks.name"), primary_key=True, index=True),
    Column("sent_at", BigInteger, nullable=False, index=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("project_id", TEXT, primary_key=True),
    Column("metadata", JSON_TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

containers = Table(
    "containers",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("object_count", BigInteger, nullable=False),
    Column("bytes_used", BigInteger, nullable=False),
    Column("metadata", JSON_TEXT, nullable=False),
    Column("readers", TEXT, nullable=False),  # access lists
    Column("writers", TEXT, nullable=False),
    Column("keeps_versions", Boolean),  # NULL: never did
    Column("archive", TEXT),  # the container that old states of objects go into
    Column("archiving", TEXT),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("filled_at", BigInteger),  # when what is in it last changed; NULL: not since there is this column
    UniqueConstraint("project_id", "name"),
)

objects = Table(
    "objects",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("container_id", TEXT, ForeignKey("containers.id"), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("blob_id", TEXT, ForeignKey("blobs.id"), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("md5", TEXT, nullable=False),
    Column("content_type", TEXT, nullable=False),
    Column("metadata", JSON_TEXT, nullable=False),
    Column("headers", JSON_TEXT, nullable=False),
    Column("manifest", TEXT),
    Column("whole_size", BigInteger),  # of a static large object
    Column("whole_etag", TEXT),
    Column("link", JSON_TEXT),
    Column("version", BigInteger),  # NULL: put while no versions were kept
    Column("delete_at", BigInteger, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("container_id", "name"),
)

object_versions = Table(
    "object_versions",
    metadata,
    Column("container_id", TEXT, ForeignKey("containers.id"), primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("object_id", TEXT, nullable=False),
    Column("blob_id", TEXT, ForeignKey("blobs.id"), index=True),  # NULL: the object was deleted then
    Column("size", BigInteger, nullable=False),
    Column("md5", TEXT, nullable=False),
    Column("content_type", TEXT, nullable=False),
    Column("metadata", JSON_TEXT, nullable=False),
    Column("headers", JSON_TEXT, nullable=False),
    Column("manifest", TEXT),
    Column("whole_size", BigInteger),
    Column("whole_etag", TEXT),
    Column("link", JSON_TEXT),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

Index(  # the key has versions upwards, and pages show the newest first
    "ix_object_versions_newest_first",
    object_versions.c.container_id,
    object_versions.c.name,
    object_versions.c.version.desc(),
)

shares = Table(  # of an object, or of the directory of that name and all below it
    "shares",
    metadata,
    Column("container_id", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("grantee", TEXT, primary_key=True),  # a project, "account:group", or "*"
    Column("project_id", TEXT, nullable=False),  # whose object it is
    Column("writes", Boolean, nullable=False),
    ForeignKeyConstraint(["container_id", "name"], ["objects.container_id", "objects.name"], ondelete="CASCADE"),
    Index(None, "grantee", "project_id", "container_id"),  # who shares with somebody, and where
)

public_links = Table(
    "public_links",
    metadata,
    Column("container_id", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("token", TEXT, nullable=False, unique=True),
    ForeignKeyConstraint(["container_id", "name"], ["objects.container_id", "objects.name"], ondelete="CASCADE"),
)

account_groups = Table(
    "account_groups",
    metadata,
    Column("project_id", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("member", TEXT, primary_key=True, index=True),  # a project
)

image_ids = Table(  # every id that was ever given to an image: none is given twice
    "image_ids",
    metadata,
    Column("id", TEXT, primary_key=True),
)

images = Table(
    "images",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("owner", TEXT, nullable=False),
    Column("name", TEXT, index=True),
    Column("status", TEXT, nullable=False),
    Column("visibility", TEXT, nullable=False),
    Column("disk_format", TEXT),
    Column("container_format", TEXT),
    Column("size", BigInteger),
    Column("virtual_size", BigInteger),
    Column("checksum", TEXT),
    Column("hash_value", TEXT),
    Column("min_disk", BigInteger, nullable=False),
    Column("min_ram", BigInteger, nullable=False),
    Column("protected", Boolean, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("blob_id", TEXT, ForeignKey("blobs.id"), index=True),
    Column("import_task", TEXT),  # no foreign key: the task's record expires first
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "owner", "created_at", "id"),
    Index(None, "visibility", "created_at", "id"),
    Index(None, "created_at", "id"),
)

image_tags = Table(
    "image_tags",
    metadata,
    Column("image_id", TEXT, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", TEXT, primary_key=True, index=True),
)

image_properties = Table(  # no index on the value: it may be longer than PostgreSQL can index
    "image_properties",
    metadata,
    Column("image_id", TEXT, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("name", TEXT, primary_key=True, index=True),
    Column("value", TEXT, nullable=False),
)

image_members = Table(
    "image_members",
    metadata,
    Column("image_id", TEXT, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", TEXT, primary_key=True, index=True),
    Column("status", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

registrations = Table(  # images that are an object of the same id, and what Plankton's users call them
    "registrations",
    metadata,
    Column("image_id", TEXT, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("status", TEXT, nullable=False),
    Column("disk_format", TEXT, nullable=False),
    Column("container_format", TEXT, nullable=False),
    Column("standing", TEXT, nullable=False, index=True),  # of the image to the bytes of its object
    Column("reason", TEXT, nullable=False),
    Column("resumes", TEXT, nullable=False),
)

metadef_namespaces = Table(
    "metadef_namespaces",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("owner", TEXT, nullable=False),
    Column("display_name", TEXT),
    Column("description", TEXT),
    Column("visibility", TEXT, nullable=False),
    Column("protected", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "created_at", "name"),
)

metadef_parts = Table(
    "metadef_parts",
    metadata,
    Column("namespace_id", TEXT, ForeignKey("metadef_namespaces.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # in the order they were made
    Column("kind", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("body", JSON_TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("namespace_id", "kind", "name"),
    Index(None, "kind", "name"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("project_id", TEXT, nullable=False),
    Column("user_id", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("input", JSON_TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("step", TEXT, nullable=False),
    Column("step_number", Integer, nullable=False),
    Column("step_count", Integer, nullable=False),
    Column("progress_done", BigInteger, nullable=False),
    Column("progress_total", BigInteger),
    Column("progress_unit", TEXT, nullable=False),
    Column("step_started_at", BigInteger),
    Column("progressed_at", BigInteger),
    Column("message", TEXT, nullable=False),
    Column("error_code", TEXT, nullable=False),
    Column("result", JSON_TEXT, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, index=True),
    Index(None, "created_at", "id"),
    Index(None, "project_id", "created_at", "id"),
    Index(None, "status", "id"),
)

task_steps = Table(
    "task_steps",
    metadata,
    Column("task_id", TEXT, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1 for the first begun
    Column("name", TEXT, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("progress_done", BigInteger, nullable=False),
    Column("progress_total", BigInteger),
    Column("progress_unit", TEXT, nullable=False),
    Column("outcome", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("task_id", TEXT, primary_key=True),  # of a task that may be forgotten by now
    Column("project_id", TEXT, nullable=False),
    Column("user_id", TEXT, nullable=False),
    Column("what", TEXT, nullable=False),
    Column("rule", TEXT, nullable=False),
    Column("place", TEXT, nullable=False),
    Column("parts", JSON_TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

quarantine_blobs = Table(
    "quarantine_blobs",
    metadata,
    Column("task_id", TEXT, ForeignKey("quarantine.task_id", ondelete="CASCADE"), primary_key=True),
    Column("blob_id", TEXT, ForeignKey("blobs.id"), primary_key=True, index=True),
)

pins = Table(
    "pins",
    metadata,
    Column("task_id", TEXT, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("blob_id", TEXT, ForeignKey("blobs.id"), primary_key=True, index=True),
)
