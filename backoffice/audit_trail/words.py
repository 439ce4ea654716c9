"""The labels and messages of the audit trail. Importing this module registers them."""

from backoffice.words import CONSTRAINTS, LABELS, VALUES, ConstraintWords, Text, same_id

HELP_TEXTS = (
    Text(
        "The e-mail of the user, or else the role in the database.",
        "O e-mail do usuário ou, na falta dele, o papel no banco de dados.",
    ),
    Text(
        "Empty where the change did not come through the application.",
        "Vazio quando a alteração não veio pela aplicação.",
    ),
    Text("Who was logged in to the database.", "Quem estava conectado ao banco de dados."),
    Text("Stands in the log of the application, too.", "Está também no log da aplicação."),
    Text(
        "What people know the row by; for a line, its pre-sale.", "Como se conhece o registro; de um item, a pré-venda."
    ),
    Text(
        "For each column the value before and after; of a row that was deleted, all it had.",
        "De cada coluna, o valor antes e depois; de um registro excluído, tudo o que tinha.",
    ),
)

LABELS.update(
    {
        "audit_trail": Text("Audit trail", "Trilha de auditoria"),
        "one of audit_trail": Text("entry", "registro da trilha"),
        "Oversight": Text("Oversight", "Controle"),
        "happened_at": Text("When", "Quando"),
        "who": Text("Who", "Quem"),
        "user_id": Text("User", "Usuário"),
        "database_role": Text("Database role", "Papel no banco de dados"),
        "request_id": Text("Request", "Requisição"),
        "action": Text("What", "O quê"),
        "table_name": Text("Table", "Cadastro"),
        "row_id": Text("Row", "Registro"),
        "row_name": Text("Name", "Nome"),
        "changes": Text("Changes", "Alterações"),
    }
    | {text.en: text for text in HELP_TEXTS}
)

VALUES.update(
    {
        "created": Text("created", "criado"),
        "changed": Text("changed", "alterado"),
        "deleted": Text("deleted", "excluído"),
    }
)

CONSTRAINTS.update(
    {
        "audit_trail_kept": ConstraintWords(
            code="check_violation",
            says=Text(
                "The audit trail is written by the database alone, and never altered.",
                "A trilha de auditoria é escrita apenas pelo banco de dados e nunca é alterada.",
            ),
        ),
        "audit_trail_pkey": same_id(Text("An entry", "um registro")),
    }
)
