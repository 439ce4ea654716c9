"""E-mail addresses that no server has are refused. Whoever has one already is told so with their next change."""

from backoffice.migrations import script
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-28T20:26:24:130642"
VERSION = "1.38.0"
DESCRIPTION = "E-mail addresses that no server has"

FORWARDS = r"""
-- As forgiving as a back office can be: letters of any script, but nothing invisible, nothing that needs quotes, and a
-- domain with a dot that is not a number. Line by line: one @; no such character; no empty part between dots; no accent at
-- the beginning, nor at that of a part of the domain; no symbols in the domain; no hyphen at the edge of its parts, nor two
-- that are not for other scripts; no part too long for the Domain Name System; a dot (of any script), and no digit at the
-- end, where no top-level domain has one.
CREATE OR REPLACE FUNCTION is_email(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(value) <= 254
   AND value ~ '^[^@]{1,64}@[^@]+$'
   AND value !~ ('[][()<>:;,\\"\u0001-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f'
       '\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]')
   AND value !~ '(^|[.@])([.@]|$)'
   AND value !~ '^[\u0300-\u036f]|@(.*[.\u3002\uff0e\uff61])?[\u0300-\u036f]'
   AND value !~ '@.*[!#$%&''*+/=?^_`{|}~\u2190-\u245f\u2500-\u2bff\U0001f000-\U0001f0ff\U0001f300-\U0001faff]'
   AND value !~ '@(.*\.)?-|@.*-(\.|$)'
   AND value !~ '@(.*\.)?(?!xn)[^.]{2}--'
   AND value !~ '@.*[^.\u3002\uff0e\uff61]{64}'
   AND value ~ '@.*[.\u3002\uff0e\uff61]'
   AND value !~ '[0-9]$';
"""

BACKWARDS = r"""
-- As forgiving as a back office can be: letters of any script, but nothing invisible, nothing that needs quotes, and a
-- domain with a dot that is not a number. Line by line: one @; no such character; no empty part between dots; no
-- symbols in the domain; no hyphen at the edge of its parts, nor two that are not for other scripts; no part too long for
-- the Domain Name System; a dot (of any script), and no number after the last one.
CREATE OR REPLACE FUNCTION is_email(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(value) <= 254
   AND value ~ '^[^@]{1,64}@[^@]+$'
   AND value !~ ('[][()<>:;,\\"\u0001-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f'
       '\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]')
   AND value !~ '(^|[.@])([.@]|$)'
   AND value !~ '@.*[!#$%&''*+/=?^_`{|}~]'
   AND value !~ '@(.*\.)?-|@.*-(\.|$)'
   AND value !~ '@(.*\.)?(?!xn)[^.]{2}--'
   AND value !~ '@.*[^.\u3002\uff0e\uff61]{64}'
   AND value ~ '@.*[.\u3002\uff0e\uff61]'
   AND value !~ '[.\u3002\uff0e\uff61][0-9]+$';

"""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="backoffice", description=DESCRIPTION
    )
    manager.add_raw(script(FORWARDS))
    manager.add_raw_backwards(script(BACKWARDS))
    return manager
