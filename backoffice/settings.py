"""The one reader of the environment, systemd's and Prometheus's own variables apart; `.env.example` documents each."""

import os
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv.parser import parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, WrapValidator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backoffice import connection_urls
from backoffice.connection_urls import DEFAULT_PORT, Address

# Not resolved: a folder of links to this project is a project of its own, with its own .env and data.
ROOT = Path(__file__).parent.parent

MIN_REQUEST_TIMEOUT = 11  # seconds
DEMO_SECRETS = frozenset({"change-me", "flowcrm-demo"})

EVERYBODY = IPv4Network("0.0.0.0/0")
EVERYBODY_AS_IPV6 = IPv6Network("::ffff:0.0.0.0/96")  # as they are seen where HOST=::

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


def _absolute(path: Path) -> Path:
    """The path from ROOT, with `~` expanded, which no shell does in .env."""
    try:
        return ROOT / path.expanduser()
    except RuntimeError as error:  # no such user
        raise ValueError("the home folder cannot be found") from error


def _check_host(host: str) -> str:
    if len(host.split()) != 1:
        raise ValueError("one name or address is wanted, such as 127.0.0.1")
    return host


def _not_blank(name: str) -> str:
    """Refuses blanks, of which nothing is left here: they would count as unset, and another database be used."""
    if not name:
        raise ValueError("it is blank; leave the variable out for the default")
    return name


def _check_hosts(hosts: str) -> str:
    for host in map(str.strip, hosts.split(",")):
        try:
            if ":" in _not_blank(host) and not host.startswith("/"):
                ip_address(host)
        except ValueError:
            raise ValueError(
                "names, addresses or socket folders are wanted, separated by commas; the port belongs in DB_PORT"
            ) from None
    return hosts


def _is_here(address: Address) -> bool:
    host, _ = address
    try:
        return ip_address(host).is_loopback
    except ValueError:  # no address but a name, or a folder
        return host == "localhost" or host.startswith("/")


def _check_proxies(proxies: str) -> str:
    """Refuses what uvicorn would take for a client's name, and then trust no proxy."""
    for proxy in map(str.strip, proxies.split(",")):
        try:
            if proxy != "*":
                ip_network(proxy)
        except ValueError:
            raise ValueError(
                "only IP addresses and networks without host bits are understood, separated by commas, "
                "such as 10.0.0.7,10.1.0.0/16"
            ) from None
    return proxies


def _includes_everybody(proxies: str) -> bool:
    names = {proxy.strip() for proxy in proxies.split(",")}
    networks = [ip_network(name) for name in names - {"*"}]
    version4 = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    version6 = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return "*" in names or EVERYBODY in version4 or any(EVERYBODY_AS_IPV6.subnet_of(one) for one in version6)


# PostgreSQL counts in milliseconds, and takes 0 for no limit.
Seconds = Annotated[float, Field(ge=0.001, le=3600, allow_inf_nan=False)]
Verbatim = WrapValidator(lambda value, handler: SecretStr(value) if isinstance(value, str) else handler(value))
Upper = BeforeValidator(lambda value: value.strip().upper() if isinstance(value, str) else value)
Lower = BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)


class Settings(BaseSettings):
    """Field names in capitals are the names of the variables; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    host: Annotated[str, AfterValidator(_check_host)] = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], Upper] = "INFO"
    environment: Annotated[Literal["development", "production"], Lower] = "development"
    web_concurrency: int = Field(default=1, ge=1, le=64)
    forwarded_allow_ips: Annotated[str, AfterValidator(_check_proxies)] | None = None

    database_url: Annotated[SecretStr, AfterValidator(connection_urls.check)] | None = None
    db_host: Annotated[str, AfterValidator(_check_hosts)] | None = None
    db_port: int = Field(default=DEFAULT_PORT, ge=1, le=65535)
    db_name: Annotated[str, AfterValidator(_not_blank)] | None = None
    db_user: Annotated[str, AfterValidator(_not_blank)] | None = None
    db_password: Annotated[SecretStr, Verbatim] | None = None
    db_sslmode: Annotated[SslMode, Lower] | None = None
    db_replica_url: Annotated[SecretStr, AfterValidator(connection_urls.check)] | None = None

    db_pool_max: int = Field(default=20, ge=1, le=1000)
    db_pool_idle_seconds: Seconds = 30
    db_connect_timeout: Seconds = 2
    db_acquire_timeout: Seconds = 2
    db_statement_timeout: Seconds = 10
    db_lock_timeout: Seconds = 3

    flow_data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(default=Path(".data"), validate_default=True)

    @model_validator(mode="after")
    def _refuse_half_a_database(self) -> Self:
        parts = self.model_fields_set & {"db_port", "db_user", "db_password"}
        if parts and not self.database_configured:
            raise ValueError("DB_PORT, DB_USER and DB_PASSWORD need DB_HOST or DB_NAME beside them")
        return self

    @model_validator(mode="after")
    def _refuse_demo_secrets(self) -> Self:
        replica = connection_urls.password(self.db_replica_url) if self.db_replica_url else ""
        if self.production and not DEMO_SECRETS.isdisjoint((self.password, replica)):
            raise ValueError("ENVIRONMENT=production refuses the database password of the examples")
        return self

    @model_validator(mode="after")
    def _refuse_to_believe_everybody(self) -> Self:
        if self.production and self.forwarded_allow_ips and _includes_everybody(self.forwarded_allow_ips):
            raise ValueError(
                "ENVIRONMENT=production refuses a FORWARDED_ALLOW_IPS that means everybody: "
                "whoever guesses passwords could claim another address with each guess"
            )
        return self

    @model_validator(mode="after")
    def _refuse_readable_passwords(self) -> Self:
        for mode, addresses in self._ways():
            if self.production and mode in {"disable", "allow"} and not all(map(_is_here, addresses)):
                raise ValueError(
                    f"ENVIRONMENT=production refuses sslmode {mode} for a database on another machine: "
                    "everything could be read on the way, passwords included. Use verify-full"
                )
        return self

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def database_configured(self) -> bool:
        """False means that the embedded PostgreSQL is used."""
        return bool(self.database_url or self.db_host or self.db_name)

    @property
    def addresses(self) -> list[Address]:
        """Where the configured database listens, in the order to try; empty for the driver's own default."""
        if self.database_url:
            return connection_urls.addresses(self.database_url)
        return [(host.strip(), self.db_port) for host in (self.db_host or "localhost").split(",")]

    @property
    def request_timeout(self) -> float:
        """Seconds for a request: at least what one statement may take; several together have no more."""
        return max(MIN_REQUEST_TIMEOUT, self.db_statement_timeout + 1)

    def _ways(self) -> Iterator[tuple[str | None, list[Address]]]:
        """How each database is reached: its sslmode, if one is set, and its addresses."""
        if not self.database_url:
            yield self.db_sslmode, self.addresses
        for url in filter(None, (self.database_url, self.db_replica_url)):
            yield self.db_sslmode or connection_urls.parameters(url).get("sslmode"), connection_urls.addresses(url)

    @property
    def password(self) -> str:
        """The database's password, decoded; empty where none is set."""
        if self.database_url:
            return connection_urls.password(self.database_url)
        return self.db_password.get_secret_value() if self.db_password else ""


def _sentence(error: Any) -> str:
    reason = error["msg"].removeprefix("Value error, ")
    variable = "_".join(str(part) for part in error["loc"][:1]).upper()
    return f"{variable}: {reason}" if variable else reason


def _check_env_file(path: Path) -> None:
    """:raises ValueError: for a line that would be passed over, and maybe the name of the database with it."""
    if not path.exists() and not path.is_symlink():
        return
    with path.open(encoding="utf-8") as file:
        for line in parse_stream(file):
            if line.error or (line.key is not None and line.value is None):
                raise ValueError(f"line {line.original.line}")


def _forget_postgresql_s_own() -> None:
    """Removes PGSSLMODE and the like, which asyncpg and pg_dump would read where we set nothing."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def read_settings() -> Settings:
    """The settings of this process; ends it with one line per nonsense value, never repeating the value."""
    _forget_postgresql_s_own()
    try:
        if path := Settings.model_config["env_file"]:
            _check_env_file(Path(str(path)))
        return Settings()
    except ValidationError as refusal:
        lines = [_sentence(error) for error in refusal.errors(include_input=False, include_url=False)]
        raise SystemExit("\n".join(f"Flow CRM cannot start. {line}" for line in lines)) from None
    except (OSError, ValueError) as error:
        raise SystemExit(f"Flow CRM cannot start. The file .env cannot be read: {error}") from None
