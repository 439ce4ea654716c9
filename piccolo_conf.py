"""Where Piccolo finds the database and the apps."""

from piccolo.conf.apps import AppRegistry

from backoffice.database.engine import Engine
from backoffice.settings import read_settings

DB = Engine(read_settings())
APP_REGISTRY = AppRegistry(apps=["backoffice.piccolo_app", "accounts.piccolo_app", "crm.piccolo_app"])
