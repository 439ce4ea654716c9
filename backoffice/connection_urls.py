"""Connection URLs of PostgreSQL, as libpq and asyncpg read them: where they lead, and what else they say."""

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import SecretStr

DEFAULT_PORT = 5432
UNREADABLE = "special characters in user name or password must be percent-encoded"

Address = tuple[str, int]  # the host is a socket folder where it begins with a slash


def check(url: SecretStr) -> SecretStr:
    """:raises ValueError: for what would make a driver look for the wrong host; the message never repeats the value."""
    try:
        parts = _parts(url)
    except ValueError:  # which repeats what it cannot read
        raise ValueError(UNREADABLE) from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("it must begin with postgresql://")
    if parts.netloc.count("@") > 1 or "@" in parts.path or parts.fragment:
        raise ValueError(UNREADABLE)
    try:
        addresses(url)
    except ValueError:
        raise ValueError(
            "host and port cannot be read; the form is postgresql://user:password@host:port/name"
        ) from None
    return url


def addresses(url: SecretStr) -> list[Address]:
    """The addresses in the order to try; none for libpq's default socket."""
    spec = _hostspec(url)
    return [_address(one) for one in spec.split(",")] if spec else []


def password(url: SecretStr) -> str:
    """The password, decoded, where the driver looks for it; empty where there is none."""
    return unquote(_parts(url).password or "") or parameters(url).get("password", "")


def parameters(url: SecretStr) -> dict[str, str]:
    """The query parameters of the URL; for a repeated name, the last value."""
    return {name: values[-1] for name, values in parse_qs(_parts(url).query).items()}


def _parts(url: SecretStr) -> SplitResult:
    return urlsplit(url.get_secret_value())


def _hostspec(url: SecretStr) -> str:
    """Hosts and ports as `a:5432,b:5433`; empty for libpq's default socket."""
    if spec := _parts(url).netloc.rpartition("@")[2]:
        return spec
    hosts = parameters(url).get("host", "").split(",")
    ports = parameters(url).get("port", "").split(",")
    ports += ports[-1:] * (len(hosts) - len(ports))
    return ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False))


def _address(spec: str) -> Address:
    """`host`, `host:port`, `[::1]:port` or a socket folder, as (host, port)."""
    if spec.startswith("/"):
        folder, _, port = spec.rpartition(":")
        return (folder, _port(port)) if folder and port.isdecimal() else (spec, DEFAULT_PORT)
    if spec.startswith("["):
        host, _, port = spec[1:].partition("]")
        return host, _port(port.removeprefix(":"))
    host, _, port = spec.partition(":")
    return unquote(host), _port(port)


def _port(text: str) -> int:
    number = int(text or DEFAULT_PORT)
    if not 1 <= number <= 65535:
        raise ValueError("the port is out of range")
    return number
