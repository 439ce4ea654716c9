"""Invisible characters leave the e-mails that would be refused for them; one that somebody else has then is named."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-30T19:20:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "E-mails without what nobody sees"
ACCEPTED = {"changes-rows": "hardly any row has such an e-mail, and none is written that has not"}

FORWARDS = r"""
UPDATE users SET email = seen.email
FROM (
    SELECT id, (
        SELECT string_agg(character, '' ORDER BY place)
        FROM unnest(string_to_array(users.email, NULL)) WITH ORDINALITY AS one (character, place)
        WHERE NOT is_blank(character)
    ) AS email
    FROM users WHERE NOT is_email(users.email)
) AS seen
WHERE users.id = seen.id AND is_email(seen.email);
"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="accounts", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script("SELECT 'what nobody saw does not come back'"))
    return manager
