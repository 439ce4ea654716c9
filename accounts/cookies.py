"""The cookies of browsers: the session's, and a token beside it by which our own pages are told from other sites."""

import hmac
import secrets
from typing import Any
from urllib.parse import SplitResult, urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from accounts.sessions import LIFETIME_HOURS, TOKEN_BYTES, NewSession, as_bytes
from backoffice.database.engine import the_engine
from backoffice.problems import Problem

SESSION_COOKIE = "id"
CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "X-CSRFToken"
CSRF_LIFETIME_DAYS = 30  # longer than a session: a page left open overnight can log in again
HTTPS_PORT = 443


def set_cookies(response: Response, session: NewSession) -> None:
    """Sets the session cookie, hidden from scripts, and a new CSRF cookie."""
    response.set_cookie(
        SESSION_COOKIE, session.token, httponly=True, max_age=LIFETIME_HOURS * 3600, **_cookie_attributes()
    )
    response.headers.append("Set-Cookie", new_csrf_cookie())


def new_csrf_cookie() -> str:
    """The header that sets the CSRF cookie, which scripts read and send back, to a new token."""
    response = Response()
    token, max_age = secrets.token_urlsafe(TOKEN_BYTES), CSRF_LIFETIME_DAYS * 24 * 3600
    response.set_cookie(CSRF_COOKIE, token, max_age=max_age, **_cookie_attributes())
    return response.headers["Set-Cookie"]


def ensure_csrf_cookie(request: Request, response: Response) -> None:
    """Gives a browser without a CSRF cookie one, since without it nobody can log in."""
    if not request.cookies.get(CSRF_COOKIE):
        response.headers.append("Set-Cookie", new_csrf_cookie())


def clear_cookies(response: Response) -> None:
    """Deletes the session cookie; the CSRF cookie stays for the next log-in."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, **_cookie_attributes())


def _cookie_attributes() -> dict[str, Any]:
    """In production, cookies travel over HTTPS only."""
    return {"secure": the_engine().settings.production, "samesite": "lax"}


def check_csrf(connection: HTTPConnection, sent: str | None) -> None:
    """Compares the token sent with the CSRF cookie, which another site cannot read, and the page's host with ours.

    :raises Problem: csrf_failed.
    """
    expected = connection.cookies.get(CSRF_COOKIE, "")
    if not expected or not hmac.compare_digest(as_bytes(expected), as_bytes(sent or "")) or _is_foreign(connection):
        raise Problem("csrf_failed")


def _is_foreign(connection: HTTPConnection) -> bool:
    """True for a request over HTTPS from a page of another host, as far as the browser says where it comes from."""
    origin = connection.headers.get("origin") or connection.headers.get("referer")
    if not origin or not connection.url.is_secure:
        return False
    try:
        return _host_of(urlsplit(origin)) != _host_of(connection.url.components)
    except ValueError:  # such as http://[
        return True


def _host_of(url: SplitResult) -> tuple[str | None, int]:
    return url.hostname, url.port or HTTPS_PORT  # a proxy may name the usual port in Host, browsers never do
