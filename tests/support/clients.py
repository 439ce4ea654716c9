"""Programs and browsers that talk to the application in this process, and what they send along."""

import secrets
import ssl

import asyncpg
import httpx

from accounts.passwords import DEMO_PASSWORD
from accounts.sessions import hash_token

# For clients of servers that speak plain HTTP: to load all certificates, as httpx would by itself, takes 45 ms.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def a_client(address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
    """A program or browser at this address."""
    import main  # not before a test has said which database

    transport = httpx.ASGITransport(main.app, raise_app_exceptions=False, client=(address, 50000))
    return httpx.AsyncClient(transport=transport, base_url="http://flowcrm.test", headers=headers)


async def log_in(client: httpx.AsyncClient, email: str, password: str = DEMO_PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/login/", json={"email": email, "password": password})


async def a_token(connection: asyncpg.Connection, email: str) -> str:
    """The token of a new session of this user, without the time that a log-in takes."""
    token = secrets.token_urlsafe()
    insert = "INSERT INTO sessions (token_hash, user_id, expires_at) SELECT $1, id, now() + '1 hour' FROM users"
    await connection.execute(f"{insert} WHERE email = $2", hash_token(token), email)
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def keep_cookies(client: httpx.AsyncClient, token: str) -> None:
    """As the log-in leaves them in a browser."""
    for name, value in {"id": token, "csrftoken": secrets.token_urlsafe()}.items():
        client.cookies.set(name, value, domain=client.base_url.host)


def csrf(client: httpx.AsyncClient) -> dict[str, str]:
    """The header that a page of ours sends along with the cookies that this client has."""
    return {"X-CSRFToken": client.cookies["csrftoken"]}


async def is_alive(client: httpx.AsyncClient, token: str) -> bool:
    answer = await client.get("/api/auth/me/", headers=bearer(token))
    assert answer.status_code in (200, 401)
    return answer.status_code == 200
