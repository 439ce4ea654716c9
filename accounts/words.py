"""The messages for users' data that the database or a form refuses. Importing this module registers them."""

from backoffice.problem_words import EMAIL_INVALID, TIMES_OUT_OF_RANGE
from backoffice.words import (
    CONSTRAINTS,
    PROBLEMS,
    VALUE_ERRORS,
    ConstraintWords,
    ProblemWords,
    Text,
    check,
    missing_reference,
    same_id,
    unique,
)

EMAIL_TAKEN = Text("Another user already has this e-mail address.", "Outro usuário já tem este e-mail.")
LAST_ADMIN = Text(
    "The last active administrator can be neither deactivated nor demoted nor deleted.",
    "O último administrador ativo não pode ser desativado, rebaixado nem excluído.",
)
NO_SUCH_USER = Text("There is no such user.", "Este usuário não existe.")

PROBLEMS.update(
    {
        "invalid_credentials": ProblemWords(
            401,
            Text("Wrong e-mail or password", "E-mail ou senha incorretos"),
            Text("The e-mail or the password is wrong.", "O e-mail ou a senha está incorreto."),
        ),
        "rate_limited": ProblemWords(
            429,
            Text("Too many attempts", "Tentativas demais"),
            Text(
                "Too many failed log-ins. Please wait a minute and try again.",
                "Muitas tentativas de entrada sem sucesso. Aguarde um minuto e tente de novo.",
            ),
        ),
        "last_admin": ProblemWords(409, Text("Last administrator", "Último administrador"), LAST_ADMIN),
    }
)

CONSTRAINTS.update(
    {
        "users_email_key": unique("email", EMAIL_TAKEN),
        "users_email_valid": check("email", EMAIL_INVALID),
        "users_name_not_blank": check("name", Text("The name may not be blank.", "O nome não pode ficar em branco.")),
        "users_password_hashed": check(
            "password", Text("A password is only ever stored as a hash.", "Senhas são guardadas somente cifradas.")
        ),
        "users_times_in_range": TIMES_OUT_OF_RANGE,
        "users_last_admin": ConstraintWords(code="last_admin", says=LAST_ADMIN),
        "users_pkey": same_id(Text("A user", "um usuário")),
        "sessions_user_id_fkey": missing_reference("user_id", NO_SUCH_USER),
        "sessions_user_active": check("user_id", Text("This user is not active.", "Este usuário não está ativo.")),
        "sessions_token_hash_key": unique("token_hash", Text("This session exists already.", "Esta sessão já existe.")),
        "sessions_pkey": same_id(Text("A session", "uma sessão")),
        "login_failures_pkey": unique(
            "id", Text("This failed log-in is recorded already.", "Esta tentativa já está registrada.")
        ),
    }
)

VALUE_ERRORS.update(
    {
        "wrong_password": Text("This is not your current password.", "Esta não é a sua senha atual."),
        "demo_password": Text("Everybody knows this password.", "Todo mundo conhece esta senha."),
        "passwords_differ": Text("The two new passwords differ.", "As duas senhas novas são diferentes."),
    }
)
