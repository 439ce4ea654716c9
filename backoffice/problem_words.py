"""The messages of refusals that any back office has. Importing this module registers them."""

from backoffice.words import PROBLEMS, VALUE_ERRORS, ConstraintWords, ProblemWords, Text

BLANK = Text("This may not be blank.", "Isto não pode ficar em branco.")
TIMES_OUT_OF_RANGE = ConstraintWords(
    code="check_violation",
    says=Text("Times must lie between the years 1 and 9999.", "Datas e horas devem estar entre os anos 1 e 9999."),
)
EMAIL_INVALID = Text("This is not a valid e-mail address.", "Isto não é um endereço de e-mail válido.")

PROBLEMS.update(
    {
        "malformed_json": ProblemWords(
            400,
            Text("Not JSON", "Não é JSON"),
            Text(
                "The body of the request must be valid JSON, sent as application/json.",
                "O corpo da requisição deve ser um JSON válido, enviado como application/json.",
            ),
        ),
        "unauthenticated": ProblemWords(
            401, Text("Log in first", "Entre primeiro"), Text("Please log in.", "Por favor, entre no sistema.")
        ),
        "forbidden": ProblemWords(
            403,
            Text("Not allowed", "Não permitido"),
            Text("Your role does not allow this.", "O seu perfil não permite isto."),
        ),
        "csrf_failed": ProblemWords(
            403,
            Text("CSRF check failed", "Falha na verificação CSRF"),
            Text(
                "Try again, or reload the page. Programs send the value of the cookie csrftoken as X-CSRFToken.",
                "Tente de novo ou recarregue a página. Programas enviam o valor do cookie csrftoken em X-CSRFToken.",
            ),
        ),
        "not_found": ProblemWords(
            404, Text("Not found", "Não encontrado"), Text("There is nothing here.", "Não há nada aqui.")
        ),
        "method_not_allowed": ProblemWords(
            405,
            Text("Method not offered", "Método não oferecido"),
            Text("This address does not offer that method.", "Este endereço não oferece este método."),
        ),
        "body_too_slow": ProblemWords(
            408,
            Text("Too slow", "Lento demais"),
            Text("The body of the request did not arrive in time.", "O corpo da requisição não chegou a tempo."),
        ),
        "unique_violation": ProblemWords(
            409,
            Text("Already taken", "Já existe"),
            Text("This value is already in use.", "Este valor já está em uso."),
        ),
        "still_referenced": ProblemWords(
            409,
            Text("Still in use", "Ainda em uso"),
            Text(
                "This cannot be deleted because something still refers to it.",
                "Não é possível excluir, pois ainda está em uso.",
            ),
        ),
        "stale": ProblemWords(
            412,
            Text("Changed in the meantime", "Alterado nesse meio-tempo"),
            Text(
                "Somebody changed this in the meantime. Load it again and repeat your change.",
                "Alguém alterou isto nesse meio-tempo. Carregue novamente e repita a sua alteração.",
            ),
        ),
        "body_too_large": ProblemWords(
            413,
            Text("Too large", "Grande demais"),
            Text(
                "The body of the request is larger than 8 MiB, or before a log-in than 1 MiB.",
                "O corpo da requisição passa de 8 MiB, ou, antes do login, de 1 MiB.",
            ),
        ),
        "validation_error": ProblemWords(
            422,
            Text("Please check the fields", "Verifique os campos"),
            Text("The request is not valid.", "A requisição não é válida."),
        ),
        "check_violation": ProblemWords(
            422,
            Text("Value not allowed", "Valor não permitido"),
            Text("A value breaks a rule.", "Um valor viola uma regra."),
        ),
        "not_null_violation": ProblemWords(
            422,
            Text("Value missing", "Valor ausente"),
            Text("A value that is needed is missing.", "Falta um valor obrigatório."),
        ),
        "out_of_range": ProblemWords(
            422,
            Text("Value out of range", "Valor fora do intervalo"),
            Text(
                "A value, or what is computed from it, is too large.",
                "Um valor, ou o cálculo dele, é grande demais.",
            ),
        ),
        "foreign_key_violation": ProblemWords(
            422,
            Text("No such row", "Registro inexistente"),
            Text(
                "The request refers to something that does not exist.",
                "A requisição se refere a algo que não existe.",
            ),
        ),
        "internal_error": ProblemWords(
            500,
            Text("Something went wrong", "Algo deu errado"),
            Text(
                "Something went wrong on our side. Please tell us the request id.",
                "Algo deu errado do nosso lado. Informe o identificador da requisição.",
            ),
        ),
        "database_unavailable": ProblemWords(
            503,
            Text("No database", "Banco de dados indisponível"),
            Text(
                "The database cannot be reached. Please try again.",
                "O banco de dados não responde. Tente de novo.",
            ),
        ),
        "database_busy": ProblemWords(
            503,
            Text("Database busy", "Banco de dados ocupado"),
            Text("The database is busy. Please try again.", "O banco de dados está ocupado. Tente de novo."),
        ),
        "database_timeout": ProblemWords(
            503,
            Text("Database too slow", "Banco de dados lento"),
            Text("The database took too long. Please try again.", "O banco de dados demorou demais. Tente de novo."),
        ),
        "shutting_down": ProblemWords(
            503,
            Text("Being restarted", "Reiniciando"),
            Text(
                "The server is being restarted, and this took too long. Please try again.",
                "O servidor está reiniciando e isto demorou demais. Tente de novo.",
            ),
        ),
    }
)

VALUE_ERRORS.update(
    {
        "missing": Text("This field is required.", "Este campo é obrigatório."),
        "extra_forbidden": Text("There is no such field.", "Este campo não existe."),
        "changed_elsewhere": Text(
            "This is changed at an address of its own, not here.", "Isto se altera em um endereço próprio, não aqui."
        ),
        "null": Text("This may not be null.", "Isto não pode ser nulo."),
        "string_type": Text("This must be text.", "Isto deve ser um texto."),
        "string_unicode": Text("This is not valid text.", "Isto não é um texto válido."),
        "string_too_long": Text("At most {max_length} characters.", "No máximo {max_length} caracteres."),
        "string_too_short": Text("At least {min_length} characters.", "Pelo menos {min_length} caracteres."),
        "nul_character": Text("Text may not contain NUL characters.", "O texto não pode conter caracteres NUL."),
        "blank": BLANK,
        "int_type": Text(
            "This must be a whole number, in digits alone.", "Isto deve ser um número inteiro, só com algarismos."
        ),
        "bool_type": Text("This must be true or false.", "Isto deve ser verdadeiro ou falso."),
        "decimal_type": Text(
            "This must be a number, such as 12.50.", "Isto deve ser um número, sem moeda nem unidade."
        ),
        "ambiguous_number": Text(
            "Is that a thousand? Write it without a point.",
            "São milhares? Escreva sem ponto; as casas decimais vêm depois da vírgula.",
        ),
        "decimal_max_places": Text("At most {decimal_places} decimals.", "No máximo {decimal_places} casas decimais."),
        "decimal_whole_digits": Text(
            "At most {whole_digits} digits before the decimal point.",
            "No máximo {whole_digits} dígitos antes da vírgula.",
        ),
        "decimal_max_digits": Text("At most {max_digits} digits.", "No máximo {max_digits} dígitos."),
        "greater_than": Text("This must be more than {gt}.", "Isto deve ser maior que {gt}."),
        "greater_than_equal": Text("This must be at least {ge}.", "Isto deve ser no mínimo {ge}."),
        "less_than_equal": Text("This must be at most {le}.", "Isto deve ser no máximo {le}."),
        "uuid_parsing": Text("This is not a valid id.", "Isto não é um identificador válido."),
        "literal_error": Text("This must be one of: {expected}.", "Isto deve ser um destes: {expected}."),
        "datetime_parsing": Text("This is not a valid time.", "Isto não é uma data e hora válida."),
        "list_type": Text("This must be a list.", "Isto deve ser uma lista."),
        "too_many_fields": Text("A line has too many fields.", "Uma linha tem campos demais."),
        "dict_type": Text("This must be an object.", "Isto deve ser um objeto."),
        "email": EMAIL_INVALID,
        "duplicate_parameter": Text("Give this only once.", "Informe isto apenas uma vez."),
        "unknown_parameter": Text("There is no such parameter.", "Este parâmetro não existe."),
        "contradiction": Text("Give either this or {other}.", "Informe isto ou {other}, não ambos."),
        "bad_cursor": Text(
            "This is not a cursor of this list in this order.", "Este não é um cursor desta lista nesta ordem."
        ),
        "column_missing": Text("The name of a column is missing.", "Falta o nome de uma coluna."),
        "duplicate_column": Text("Give {column} only once.", "Informe {column} apenas uma vez."),
        "unknown_column": Text("There is no such column: {column}.", "Esta coluna não existe: {column}."),
        "invalid": Text("This is not valid.", "Isto não é válido."),
    }
)
