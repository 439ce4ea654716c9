"""PostgreSQL's own client programs, such as psql: where they are, and how they connect to a database."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from backoffice import connection_urls
from backoffice.database.connecting import Connection
from backoffice.database.engine import Engine
from backoffice.database.programs import embedded_program
from backoffice.settings import Settings

# Parameters of a connection URL that libpq's programs take from their environment.
FROM_URL = {
    "channel_binding": "PGCHANNELBINDING",
    "passfile": "PGPASSFILE",
    "sslcert": "PGSSLCERT",
    "sslcrl": "PGSSLCRL",
    "sslkey": "PGSSLKEY",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class ProgramMissing(Exception):
    """A program is missing, or older than the server; the text is for the operator."""


@dataclass(frozen=True)
class ClientPrograms:
    """The programs for one database.

    :param environment: in which they connect to it.
    :param version: the major version of its server, than which none may be older.
    :param embedded: whether it is the embedded one, which brings its own.
    """

    environment: Mapping[str, str]
    version: int
    embedded: bool

    def path_of(self, name: str) -> str:
        """:raises ProgramMissing:"""
        if self.embedded:
            return embedded_program(name)
        path = shutil.which(name)
        if path is None:
            raise ProgramMissing(f"The program {name} is missing (Debian: postgresql-client).")
        said = subprocess.run([path, "--version"], env=self.environment, capture_output=True, text=True)  # noqa: S603
        version = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
        if version is None or int(version[1]) < self.version:
            raise ProgramMissing(
                f"{said.stdout.strip()} is too old for PostgreSQL {self.version}; install the programs of that "
                f"version or a newer one (Debian: postgresql-client-{self.version})."
            )
        return path


async def client_programs(engine: Engine, connection: Connection) -> ClientPrograms:
    """Those for the database of this connection, which the engine has just opened."""
    [(user, database)] = await connection.fetch("SELECT current_user, current_database()")
    libpq = _libpq(engine.settings) | {"PGUSER": user, "PGDATABASE": database}
    for host, port in engine.connector.addresses[:1]:  # the one that answered
        libpq |= {"PGHOST": host, "PGPORT": str(port)}
    version = connection.get_server_version().major
    return ClientPrograms(os.environ | libpq, version, embedded=engine.embedded is not None)


def _libpq(settings: Settings) -> dict[str, str]:
    """The environment variables for connecting: on a command line, every local user could read the password."""
    url = connection_urls.parameters(settings.database_url) if settings.database_url else {}
    found = {variable: url[name] for name, variable in FROM_URL.items() if name in url}
    if settings.db_sslmode:
        found["PGSSLMODE"] = settings.db_sslmode
    if settings.password:
        found["PGPASSWORD"] = settings.password
    return found
