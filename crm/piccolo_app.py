from pathlib import Path

from piccolo.conf.apps import AppConfig

from crm.tables import Customer, IdempotencyKey, Presale, PresaleBirth, PresaleItem, Product

APP_CONFIG = AppConfig(
    app_name="crm",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=[Customer, Product, Presale, PresaleItem, PresaleBirth, IdempotencyKey],
    migration_dependencies=["backoffice.piccolo_app", "accounts.piccolo_app"],
)
