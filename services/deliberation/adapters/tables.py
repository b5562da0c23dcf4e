"""Deliberation's tables."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, Uuid

from chassis.db import UtcDateTime, add_to, json_type

metadata = MetaData()
add_to(metadata)

# The registry is everybody's to read: the tenants themselves are its rows.
municipalities = Table(
    "municipalities",
    metadata,
    Column("municipality", String(63), primary_key=True),
    Column("display_name", String(80), nullable=False),
    Column("time_zone", String(63), nullable=False),
    Column("languages", json_type(), nullable=False),
    Column("state", String(15), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("update_time", UtcDateTime(), nullable=False),
    Column("version", Integer(), nullable=False),
)

# `municipality` is "" for an operator of the platform.
sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("municipality", String(63), primary_key=True),
    Column("id", Uuid(), primary_key=True),
    Column("secret_digest", LargeBinary(32), nullable=False, unique=True),
    Column("role", String(31), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("create_time", UtcDateTime(), nullable=False),
    Column("expire_time", UtcDateTime(), nullable=False, index=True),
    Column("spend_time", UtcDateTime()),
)
