"""`make backup` and `make restore`: the schema public in one file, and back, by PostgreSQL's own programs."""

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backoffice.database import pooler
from backoffice.database.client_programs import ClientPrograms, ProgramMissing, client_programs
from backoffice.database.connecting import APPLICATION_NAME, close_quietly
from backoffice.database.engine import Engine, the_engine
from backoffice.database.failures import DATABASE_ERRORS
from backoffice.database.programs import EmbeddedError
from backoffice.sigterm import end_properly_on_sigterm

LAST_WORDS = 1000  # characters, of a program that failed

# The objects of the schema public, except those that are part of another one, such as indexes, and those of extensions:
# an empty database has none. Other schemas and extensions are neither saved nor touched.
OBJECTS = """
    SELECT CASE WHEN classid = 'pg_proc'::regclass THEN 'routine' ELSE replace(type, ' object', '') END, identity
    FROM pg_depend AS d, pg_identify_object(classid, objid, 0)
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'public'::regnamespace AND deptype = 'n'
      AND classid <> 'pg_extension'::regclass
      AND NOT EXISTS (
          SELECT FROM pg_depend WHERE (classid, objid) = (d.classid, d.objid) AND deptype IN ('e', 'i')
      )
"""
COUNT_OBJECTS = f"SELECT count(*) FROM ({OBJECTS}) AS objects"
OTHER_SCHEMAS = (
    "SELECT array(SELECT nspname::text FROM pg_namespace "
    "WHERE nspname NOT IN ('public', 'information_schema') AND nspname !~ '^pg_')"
)
EXTENSION = re.compile(rb"\d+; \d+ \d+ (COMMENT - )?EXTENSION ")  # a line of pg_restore's list of contents
TABLE = re.compile(rb"^\d+; \d+ \d+ TABLE ", re.MULTILINE)
# The server ends a statement whose psql has ended. Where it cannot (on Windows and the like), that runs to its end.
NOTICE_DEATH = """
    DO $$
    BEGIN
        PERFORM set_config('client_connection_check_interval', '1s', true);
    EXCEPTION WHEN invalid_parameter_value THEN
        NULL;
    END $$
"""
DROP_OBJECTS = f"""
    SET LOCAL client_min_messages = warning;
    DO $$
    DECLARE
        drops text[] := ARRAY(
            SELECT format('DROP %s IF EXISTS %s CASCADE', kind, name) FROM ({OBJECTS}) AS objects (kind, name)
        );
        statement text;
    BEGIN
        FOREACH statement IN ARRAY drops LOOP
            EXECUTE statement;
        END LOOP;
    END $$
"""
# If psql's input ends before this, for whatever reason, nothing is committed. With --single-transaction it would be.
FINISH = b"ANALYZE;\nCOMMIT;\n"

COUNT_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity "
    f"WHERE datname = current_database() AND application_name = '{APPLICATION_NAME}' AND pid <> pg_backend_pid()"
)


class BackupRefused(Exception):
    """Nothing was written; the text is for the operator."""


@dataclass(frozen=True)
class Place:
    """A database: the programs that save and load it, and what is in it."""

    engine: Engine
    programs: ClientPrograms
    objects: int
    other_schemas: list[str]
    connections: int


async def find(engine: Engine) -> Place:
    """:raises BackupRefused: behind a pooler: PostgreSQL's programs would leave their settings in its sessions.
    :raises DatabaseUnavailable:
    """
    await engine.wait_until_reachable()
    if engine.behind_pooler:
        raise BackupRefused(pooler.refusal(engine.connector.where))
    connection = await engine.connect()
    try:
        found = [await connection.fetchval(sql) for sql in (COUNT_OBJECTS, OTHER_SCHEMAS, COUNT_CONNECTIONS)]
        return Place(engine, await client_programs(engine, connection), *found)
    finally:
        await close_quietly(connection)


def backup(place: Place, file: Path) -> None:
    """Writes the file, readable by its owner alone; it appears when it is complete.

    :raises BackupRefused:
    :raises ProgramMissing:
    """
    if file.exists():
        raise BackupRefused(f"{file} exists already. Choose another name, or remove it.")
    if not place.objects:
        raise BackupRefused(
            f"There is nothing in the database at {place.engine.connector.where}. Is DATABASE_URL what you mean?"
        )
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    command = [place.programs.path_of("pg_dump"), "--format=custom", "--no-blobs", "--no-password", f"--file={part}"]
    # With --schema=public it would try to create that, and leave out the owner's default privileges.
    command += [f"--exclude-schema={_verbatim(schema)}" for schema in place.other_schemas]
    try:
        done = subprocess.run(command, env=place.programs.environment, capture_output=True, text=True, umask=0o077)  # noqa: S603
        if done.returncode:
            raise BackupRefused(f"pg_dump failed: {done.stderr.strip()[-LAST_WORDS:]}")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _verbatim(name: str) -> str:
    """A pg_dump pattern that matches this name alone."""
    return '"' + name.replace('"', '""') + '"'


def restore(place: Place, file: Path, *, replace: bool) -> None:
    """Restores the file in one transaction, all or nothing.

    :param replace: whether what is in the database may be dropped.
    :raises BackupRefused:
    :raises ProgramMissing:
    """
    if not file.is_file():
        raise BackupRefused(f"There is no file {file}.")
    if place.objects and not replace:
        raise BackupRefused(
            f"The database is not empty: it has {place.objects} tables, functions and the like. REPLACE=1 lets them go."
        )
    if place.connections:
        raise BackupRefused(f"Flow CRM uses the database with {place.connections} connections. Stop it first.")
    read = [place.programs.path_of("pg_restore"), "--no-owner", str(file.absolute())]
    write = [place.programs.path_of("psql"), "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    write += ["--command=BEGIN", f"--command={NOTICE_DEATH}", f"--command={DROP_OBJECTS}", "--file=-"]
    ours = _list_ours(read)
    if not TABLE.search(ours):  # of an empty database of PostgreSQL 14 its schema is there
        raise BackupRefused(f"There is nothing to restore in {file}.")
    with tempfile.NamedTemporaryFile() as contents:
        contents.write(ours)
        contents.flush()
        _pipe([*read, "--file=-", f"--use-list={contents.name}"], write, place)


def _list_ours(read: list[str]) -> bytes:
    """The file's list of contents, without extensions, which belong to their installer, maybe a superuser."""
    done = subprocess.run([*read, "--list"], capture_output=True)  # noqa: S603
    if done.returncode:
        raise _nothing_restored(done.stderr)
    return b"".join(line for line in done.stdout.splitlines(keepends=True) if not EXTENSION.match(line))


def _nothing_restored(complaints: bytes) -> BackupRefused:
    words = complaints.decode(errors="replace")[-LAST_WORDS:].strip()
    if "unsupported version" in words:
        words += (
            "\nA newer pg_dump wrote the file: install PostgreSQL's client programs of that version or a newer one."
        )
    return BackupRefused(f"Nothing was restored. {words}")


def _pipe(read: list[str], write: list[str], place: Place) -> None:
    with tempfile.TemporaryFile() as complaints:
        if not _piped(read, write, place, complaints):
            complaints.seek(0)
            raise _nothing_restored(complaints.read())


def _piped(read: list[str], write: list[str], place: Place, complaints: IO[bytes]) -> bool:
    """True when both programs ended well; else what they said is in `complaints`."""
    with (
        subprocess.Popen(read, stdout=subprocess.PIPE, stderr=complaints) as reader,  # noqa: S603
        subprocess.Popen(  # noqa: S603
            write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints, env=place.programs.environment
        ) as writer,
    ):
        assert reader.stdout is not None
        assert writer.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):  # psql has ended, and said why
                _copy(reader.stdout, writer.stdin)
                if reader.wait() == 0:
                    writer.stdin.write(FINISH)
                writer.stdin.close()
            writer.wait()  # for as long as it takes to build the indexes, of which it has been told all
        except BaseException:  # SIGTERM, too
            reader.terminate()
            writer.terminate()
            raise
        finally:
            reader.stdout.close()
            with contextlib.suppress(BrokenPipeError):  # psql, which has ended, takes no more
                writer.stdin.close()
    return reader.returncode == writer.returncode == 0


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    """Copies a script, except for a setting of newer programs that servers before 17 do not know."""
    for line in source:
        if not line.startswith(b"SET transaction_timeout"):
            target.write(line)
        if line.startswith(b"SET row_security"):  # the last of the settings
            break
    shutil.copyfileobj(source, target)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="backoffice.database.backup", description=__doc__)
    parser.add_argument("action", choices=["save", "load"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--replace", action="store_true", help="throw away what the database holds")
    return parser.parse_args()


def main() -> None:
    given, engine = read_arguments(), the_engine()
    end_properly_on_sigterm()
    try:
        place = asyncio.run(find(engine))
        if given.action == "save":
            backup(place, given.file)
        else:
            restore(place, given.file, replace=given.replace)
    except (BackupRefused, ProgramMissing, EmbeddedError, *DATABASE_ERRORS) as refusal:
        raise SystemExit(str(refusal)) from None
    done = "saved to" if given.action == "save" else "restored from"
    sys.stdout.write(f"The database at {engine.connector.where} was {done} {given.file}.\n")


if __name__ == "__main__":
    main()
