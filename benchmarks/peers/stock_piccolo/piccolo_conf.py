"""Piccolo's own engine, without ours."""

import os

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

DB = PostgresEngine({"dsn": os.environ["DATABASE_URL"], "server_settings": {"timezone": "UTC"}}, extensions=())
APP_REGISTRY = AppRegistry(["accounts.piccolo_app", "crm.piccolo_app"])
