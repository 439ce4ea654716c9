"""The labels of users, their columns and roles. Importing this module registers them."""

from backoffice.words import LABELS, VALUES, Text

HELP_TEXTS = (
    Text("At least 8 characters. Kept as an argon2id hash.", "Pelo menos 8 caracteres. Guardada cifrada (argon2id)."),
    Text("Deactivating someone ends their sessions at once.", "Desativar alguém encerra na hora as suas sessões."),
)

LABELS.update(
    {
        "users": Text("Users", "Usuários"),
        "one of users": Text("user", "usuário"),
        "Team": Text("Team", "Equipe"),
        "password": Text("Password", "Senha"),
        "current_password": Text("Current password", "Senha atual"),
        "new_password": Text("New password", "Nova senha"),
        "confirm_new_password": Text("New password confirmation", "Confirmação da nova senha"),
        "username": Text("E-mail", "E-mail"),
        "role": Text("Role", "Perfil"),
        "active": Text("Active", "Ativo"),
    }
    | {text.en: text for text in HELP_TEXTS}
)

VALUES.update(
    {
        "admin": Text("administrator", "administrador"),
        "manager": Text("manager", "gerente"),
        "employee": Text("employee", "funcionário"),
    }
)
