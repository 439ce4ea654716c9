"""Users, their sessions, and the failed log-ins that throttle guessing."""

from piccolo.columns import UUID, Boolean, ForeignKey, OnDelete, OnUpdate, Timestamptz, Varchar
from piccolo.columns.readable import Readable
from piccolo.constraints import Check, Unique
from piccolo.table import Table

from accounts.roles import UserRole
from backoffice.columns import TIMES_IN_RANGE, EnumColumn


class User(Table, tablename="users"):
    id = UUID(primary_key=True)
    email = Varchar(length=255, default=None, required=True, index=True)
    password = Varchar(
        length=255, default=None, secret=True, help_text="At least 8 characters. Kept as an argon2id hash."
    )
    name = Varchar(length=255, default=None, required=True, index=True)
    role = EnumColumn(choices=UserRole, type_name="user_role", required=True)
    active = Boolean(default=True, help_text="Deactivating someone ends their sessions at once.")
    created_at = Timestamptz(index=True, help_text="Kept by the database.")
    updated_at = Timestamptz(index=True, help_text="Kept by the database.")

    users_email_valid = Check("is_email(email)")
    users_name_not_blank = Check("NOT is_blank(name)")
    users_password_hashed = Check("is_password_hash(password)")
    users_times_in_range = Check(TIMES_IN_RANGE)

    @classmethod
    def get_readable(cls) -> Readable:
        return Readable(template="%s", columns=[cls.name])


class Session(Table, tablename="sessions"):
    id = UUID(primary_key=True)
    token_hash = Varchar(length=64, default=None, secret=True, help_text="SHA-256 of the token, hexadecimal.")
    user_id = ForeignKey(
        User, default=None, null=False, index=True, on_delete=OnDelete.cascade, on_update=OnUpdate.restrict
    )
    created_at = Timestamptz()
    expires_at = Timestamptz(default=None, index=True)

    sessions_token_hash_key = Unique([token_hash])


class LoginFailure(Table, tablename="login_failures"):
    id = UUID(primary_key=True)
    account = Varchar(length=255, default=None, index=True, help_text="The e-mail as typed, in lower case.")
    address = Varchar(length=64, default=None, index=True)
    failed_at = Timestamptz(index=True)
