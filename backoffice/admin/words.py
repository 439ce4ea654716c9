"""The texts of the admin's front end, in English and in Brazilian Portuguese.

The front end translates only some of its texts; `language.js` translates the others, when a whole text is a key here.
"""

from collections.abc import Sequence

from piccolo_admin.translations.data import ENGLISH
from piccolo_admin.translations.models import Translation

from backoffice.words import LABELS, Language, label

OURS = {
    "contains": "Contains",
    "ends": "Ends with",
    "exact": "Exactly",
    "starts": "Starts with",
    "Select a table in the sidebar to get started.": "Choose in the side bar what you want to work with.",
    "Select": "Select",
    "Username": "E-mail",
}

PORTUGUESE = {
    "About": "Sobre",
    "Add": "Adicionar",
    "Add Row": "Adicionar",
    "Apply": "Aplicar",
    "Ascending": "Crescente",
    "Back": "Voltar",
    "Back to home page": "Voltar ao início",
    "Change Password": "Alterar senha",
    "Clear filters": "Limpar filtros",
    "Close": "Fechar",
    "Comma": "Vírgula",
    "Create": "Criar",
    "Current password": "Senha atual",
    "Dark Mode": "Modo escuro",
    "Days": "Dias",
    "Delete": "Excluir",
    "Delimiter": "Separador",
    "Descending": "Decrescente",
    "Download": "Baixar",
    "Download failed": "Não foi possível baixar",
    "Download successful": "Arquivo baixado",
    "Edit": "Editar",
    "Export CSV": "Exportar CSV",
    "Filter": "Filtrar",
    "For timestamps which are timezone aware, they will be displayed in this timezone by default.": (
        "Datas e horas são mostradas neste fuso horário."
    ),
    "Form submitted": "Formulário enviado",
    "Forms": "Formulários",
    "Hide Filters": "Ocultar filtros",
    "Hide referencing tables": "Ocultar registros relacionados",
    "Home": "Início",
    "Hours": "Horas",
    "Light Mode": "Modo claro",
    "Links": "Atalhos",
    "Loading": "Carregando",
    "Log Out": "Sair",
    "Login": "Entrar",
    "MFA Code": "Código de verificação",
    "MFA Setup": "Verificação em duas etapas",
    "Minutes": "Minutos",
    "New password": "Nova senha",
    "New password confirmation": "Confirmação da nova senha",
    "New value": "Novo valor",
    "No results found": "Nada encontrado",
    "Note: Large data sets may take a while.": "Listas grandes podem demorar um pouco.",
    "Note: They are converted to UTC when stored in the database.": "No banco de dados são guardadas em UTC.",
    "of": "de",
    "page": "página",
    "Password": "Senha",
    "result(s)": "registro(s)",
    "rows": "registros",
    "Save": "Salvar",
    "Seconds": "Segundos",
    "Select a Column": "Escolha uma coluna",
    "Select a column to update": "Escolha a coluna a alterar",
    "Select a table in the sidebar to get started.": "Escolha na barra lateral com o que quer trabalhar.",
    "selected result(s) on": "registro(s) selecionado(s) na",
    "Semicolon": "Ponto e vírgula",
    "Set Timezone": "Definir fuso horário",
    "Show Filters": "Mostrar filtros",
    "Show referencing tables": "Mostrar registros relacionados",
    "Showing": "Mostrando",
    "Sort": "Ordenar",
    "Sort by": "Ordenar por",
    "Submit": "Enviar",
    "Tables": "Cadastros",
    "Thanks for using Piccolo Admin.": "Obrigado por usar o Piccolo Admin.",
    "Timezone": "Fuso horário",
    "Update": "Alterar",
    "Use again": "Usar novamente",
    "Username": "E-mail",
    "Version": "Versão",
    "Weeks": "Semanas",
    "Welcome to": "Boas-vindas ao",
    "with a matching": "com o mesmo valor em",
}

BEYOND_THE_FRONT_END = {
    "# per page": "# por pág.",  # whichever number it is, with room for the arrow
    "# done.": "# feito(s).",
    "# more refused.": "# outro(s) recusado(s).",
    "Actions": "Ações",
    "Add sort column": "Adicionar coluna",
    "All": "Todos",
    "API documentation": "Documentação da API",
    "Are you sure you want to change # selected row(s)?": "Alterar mesmo # registro(s) selecionado(s)?",
    "Are you sure you want to delete # selected row(s)?": "Excluir mesmo # registro(s) selecionado(s)?",
    "Are you sure you want to delete this row?": "Excluir mesmo este registro?",
    "Are you sure you want to logout?": "Sair mesmo?",
    "Bulk Update": "Alterar vários",
    "Changed password successfully. You will be redirected to log in with your new credentials.": (
        "Senha alterada. Entre agora com a nova senha."
    ),
    "Click to toggle children.": "Mostrar ou ocultar",
    "Columns": "Colunas",
    "contains": "Contém",
    "Delete Row": "Excluir",
    "Delete selected Rows": "Excluir os selecionados",
    "Edit Row": "Editar",
    "ends": "Termina com",
    "Equals": "Igual a",
    "Error": "Erro",
    "estimated": "estimativa",
    "exact": "Exatamente",
    "False": "Não",
    "Greater Than": "Maior que",
    "Greater Than or Equal To": "Maior ou igual a",
    "Health": "Saúde do sistema",
    "Hide links": "Ocultar atalhos",
    "Hide password": "Ocultar senha",
    "Hide tables": "Ocultar cadastros",
    "Include readable": "Incluir nomes",
    "Less Than": "Menor que",
    "Less Than or Equal To": "Menor ou igual a",
    "Load more": "Mostrar mais",
    "Menu": "Menu",
    "Next page": "Próxima página",
    "None": "Nenhum",
    "Not Equal": "Diferente de",
    "of #": "de #",
    "Nothing was saved: you left the form before its row was found.": (
        "Nada foi salvo: você saiu do formulário antes de o registro ser encontrado."
    ),
    "Others have changed this meanwhile. What you had typed does not fit any more:": (
        "Outros alteraram isto nesse meio-tempo. O que você tinha digitado não cabe mais:"
    ),
    "Page not found": "Página não encontrada",
    "Please select at least one column.": "Escolha pelo menos uma coluna.",
    "Previous page": "Página anterior",
    "Problem logging in": "Não foi possível entrar",
    "Search": "Buscar",
    "Select": "Escolher",
    "Set null:": "Deixar vazio:",
    "Show links": "Mostrar atalhos",
    "Show password": "Mostrar senha",
    "Show tables": "Mostrar cadastros",
    "Somebody has logged in anew in another tab. Look at what is on the screen before you go on.": (
        "Alguém entrou de novo em outra aba. Confira o que está na tela antes de continuar."
    ),
    "starts": "Começa com",
    "Successfully added row": "Registro criado",
    "Successfully applied filter": "Filtro aplicado",
    "Successfully cleared filters": "Filtros limpos",
    "Successfully deleted row": "Registro excluído",
    "Successfully deleted rows": "Registros excluídos",
    "Successfully saved row": "Alterações salvas",
    "Successfully updated rows": "Registros alterados",
    "The form has errors.": "Há erros no formulário.",
    "The server can't be reached - please try later.": "O servidor não responde. Tente mais tarde.",
    "The server does not answer. Look whether this was carried out before you try again.": (
        "O servidor não responde. Veja se isto foi feito antes de tentar de novo."
    ),
    "There are # rows or more. Download all of them?": "São # registros ou mais. Baixar todos?",
    "There is no such row, or no longer.": "Este registro não existe, ou não existe mais.",
    "There is nothing to export.": "Não há nada a exportar.",
    "This is final.": "Isto é definitivo.",
    "This is final. Save it?": "Isto é definitivo. Salvar mesmo?",
    "This is your own account. Save it?": "Esta é a sua própria conta. Salvar mesmo?",
    "This may have been carried out already. Send it again?": "Isto talvez já tenha sido feito. Enviar de novo?",
    "This no longer exists: somebody has deleted it.": "Isto não existe mais: alguém o excluiu.",
    "The whole text": "O texto inteiro",
    "Toggle all": "Todas",
    "Translations": "Idioma",
    "True": "Sim",
    "Type here to filter": "Digite para procurar",
    "Type the new value, or tick that there is to be none.": "Digite o novo valor, ou marque que deve ficar vazio.",
    "Type the new value.": "Digite o novo valor.",
    "Unable to delete the row.": "Não foi possível excluir.",
    "Waiting for the server": "Aguardando o servidor",
    "What you changed is not saved. Leave it all the same?": "O que você alterou não foi salvo. Sair mesmo assim?",
    "What you typed before the form was there is lost: type it again.": (
        "O que você digitou antes de o formulário aparecer se perdeu: digite de novo."
    ),
    "What you typed while this was being saved is lost: type it again.": (
        "O que você digitou enquanto isto era salvo se perdeu: digite de novo."
    ),
    "What you had typed is in the form again.": "O que você tinha digitado está de novo no formulário.",
    "What you had typed is in the form again. Others have changed the same meanwhile: note it, and reload the page.": (
        "O que você tinha digitado está de novo no formulário. Outros alteraram o mesmo nesse meio-tempo: anote-o e "
        "recarregue a página."
    ),
    "Your own account is among them.": "A sua própria conta está entre eles.",
}


def translations(tables: Sequence[str]) -> list[Translation]:
    """The translations into English and Brazilian Portuguese, with the labels of tables and columns."""
    english = {**ENGLISH.translations, **OURS}
    portuguese = {**PORTUGUESE, **BEYOND_THE_FRONT_END}
    return [
        Translation(language_name="English", language_code="en", translations=english | _names(tables, "en", english)),
        Translation(
            language_name="Português (Brasil)",
            language_code="pt-BR",
            translations=portuguese | _names(tables, "pt", portuguese),
        ),
    ]


def _names(tables: Sequence[str], language: Language, messages: dict[str, str]) -> dict[str, str]:
    """The translations of headings that the front end makes from the names of the tables."""
    names = {key: label(key, language) for key in LABELS}
    for name in tables:
        plain, one = name.replace("_", " "), label(f"one of {name}", language)
        names[plain] = label(name, language)
        names[f"Select a row from {plain.title()}"] = f"{messages['Select']} {one}"
        for verb in [messages[verb] for verb in ("Add", "Edit")]:
            names[f"{verb} {plain}"] = f"{verb} {one}"
    return names
