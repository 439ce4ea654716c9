"""Log-in, log-out, who am I, and one's own password: for programs; admin_routes.py has them for the admin."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from accounts.authentication import set_user
from accounts.cookies import clear_cookies, set_cookies
from accounts.login import PasswordChangeAttempt, change_password, log_in, log_out
from accounts.new_passwords import NewPassword
from accounts.passwords import DEMO_PASSWORD
from accounts.roles import UserRole
from accounts.sessions import Caller, NewSession, hash_token
from accounts.tables import User
from accounts.throttle import Attempt
from backoffice.api.bodies import JSON, read_json, read_nothing
from backoffice.api.raw_parameters import refuse_parameters
from backoffice.api.values import CleanText
from backoffice.problems import validated
from backoffice.web.openapi import ALWAYS, described_problems, ref


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LogIn(Body):
    email: CleanText = Field(examples=["admin@flowcrm.example"])
    password: CleanText = Field(examples=[DEMO_PASSWORD])


class PasswordChange(Body):
    current_password: CleanText
    new_password: NewPassword


class Me(BaseModel):
    """The user who is logged in."""

    id: UUID
    email: str
    name: str
    role: UserRole


class LoggedIn(BaseModel):
    token: str = Field(description="Send it as `Authorization: Bearer <token>`. It is not shown again.")
    expires_at: datetime
    user: Me


# Problems that a route may answer with, beside those of every route.
BAD_BODY = ("malformed_json", "validation_error")
NOT_LET_IN = ("unauthenticated", "csrf_failed")


async def take_no_parameters(request: Request) -> None:
    refuse_parameters(request.scope["query_string"])


router = APIRouter(prefix="/api/auth", tags=["auth"], dependencies=[Depends(take_no_parameters)])


def takes(model: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": ref(model)}}}}


@router.post(
    "/login/",
    operation_id="log_in",
    summary="Log in",
    responses=described_problems(*ALWAYS, *BAD_BODY, "invalid_credentials", "rate_limited"),
    openapi_extra=takes(LogIn),
)
async def login(request: Request, response: Response) -> LoggedIn:
    """Opens a session: a token for programs, and the same as a cookie for browsers.

    After five failures within a minute, for one account or from one address, all are refused for a while.
    """
    body = validated(LogIn, await read_json(request))
    user, session = await open_session(request, body.email, body.password)
    set_cookies(response, session)
    return LoggedIn(token=session.token, expires_at=session.expires_at, user=describe(user))


@router.get(
    "/me/",
    operation_id="me",
    summary="Who am I",
    responses=described_problems(*ALWAYS, "unauthenticated", "validation_error"),
)
async def me(request: Request) -> Me:
    """The user whose token or cookie this is."""
    return describe(request.user.user)


@router.post(
    "/logout/",
    operation_id="log_out",
    summary="Log out",
    status_code=204,
    responses=described_problems(*ALWAYS, *NOT_LET_IN, *BAD_BODY),
)
async def logout(request: Request, response: Response) -> None:
    """Ends the session; its token is dead at once."""
    await read_nothing(request)
    await log_out(request.user.user.id, request.state.token_hash)
    clear_cookies(response)


@router.post(
    "/password/",
    operation_id="change_password",
    summary="Change my password",
    status_code=204,
    responses=described_problems(*ALWAYS, *BAD_BODY, *NOT_LET_IN, "rate_limited"),
    openapi_extra=takes(PasswordChange),
)
async def password(request: Request) -> None:
    """Ends every other session of the user. A wrong current password counts as a failed log-in."""
    body = validated(PasswordChange, await read_json(request))
    await change_password(password_attempt(request, body, keeps_session=True))


def password_attempt(request: Request, body: PasswordChange, *, keeps_session: bool) -> PasswordChangeAttempt:
    user = request.user.user
    return PasswordChangeAttempt(
        attempt=Attempt(user.email, client_of(request)),
        user_id=user.id,
        token_hash=request.state.token_hash,
        request_id=request.state.request_id,
        current=body.current_password,
        new=body.new_password,
        keeps_session=keeps_session,
    )


async def open_session(request: Request, account: str, password: str) -> tuple[User, NewSession]:
    """A new session, whose user stands in the line of the log."""
    user, session = await log_in(Attempt(account.strip(), client_of(request)), password)
    set_user(request.scope, Caller(user.id, user.email, user.name, str(user.role)), hash_token(session.token))
    return user, session


def describe(user: User | Caller) -> Me:
    return Me(id=user.id, email=user.email, name=user.name, role=UserRole(str(user.role)))


def client_of(request: Request) -> str:
    """The address of the client; behind a proxy, of the proxy's client (FORWARDED_ALLOW_IPS)."""
    return request.client.host if request.client else "unknown"
