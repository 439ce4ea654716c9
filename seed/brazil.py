"""Generates names, CPFs, telephone numbers and addresses of Brazilians: valid, but invented."""

import unicodedata

from seed.chance import Dice

# Words in one string: a hundred quotation marks (SIM905) are no help to a reader.
FIRST_NAMES = (  # noqa: SIM905
    "Adriana Alice Aline Amanda Ana Antônio Arthur Beatriz Bernardo Bruna Bruno Caio Camila Carlos Carolina "
    "Cecília Clara Cristiane Daniel Davi Débora Diego Eduardo Elaine Enzo Fábio Felipe Fernanda Francisca "
    "Gabriel Gabriela Gustavo Heitor Helena Henrique Igor Isabela João José Juliana Júlio Larissa Laura "
    "Leonardo Letícia Lívia Lucas Luiz Manuela Marcelo Márcia Marcos Maria Mariana Mateus Miguel Natália "
    "Otávio Patrícia Paulo Pedro Rafael Raimundo Renata Ricardo Rodrigo Samuel Sandra Sérgio Sílvia Sofia "
    "Tatiane Thiago Valentina Vanessa Vicente Vinícius Vitória Wesley Yasmin"
).split()
LAST_NAMES = (  # noqa: SIM905
    "Almeida Alves Andrade Araújo Azevedo Barbosa Barros Batista Borges Brito Cardoso Carvalho Castro "
    "Cavalcanti Conceição Correia Costa Cunha Dias Duarte Farias Fernandes Ferreira Fonseca Freitas Garcia "
    "Gomes Gonçalves Lima Lopes Macedo Machado Magalhães Marques Martins Medeiros Melo Mendes Miranda Monteiro "
    "Moraes Moreira Moura Nascimento Nogueira Nunes Oliveira Pereira Pinto Queiroz Ramos Reis Ribeiro Rocha "
    "Rodrigues Sales Santana Santos Silva Siqueira Soares Sousa Tavares Teixeira Vasconcelos Vieira Xavier"
).split()
STREETS = (
    "Rua das Flores",
    "Rua São José",
    "Rua Sete de Setembro",
    "Rua Quinze de Novembro",
    "Rua Santos Dumont",
    "Rua Tiradentes",
    "Rua Dom Pedro II",
    "Rua das Palmeiras",
    "Avenida Brasil",
    "Avenida Getúlio Vargas",
    "Avenida Presidente Vargas",
    "Travessa da Paz",
)
# City, state, area code, and how its postal codes begin.
CITIES = (
    ("São Paulo", "SP", 11, "01"),
    ("Campinas", "SP", 19, "13"),
    ("Rio de Janeiro", "RJ", 21, "20"),
    ("Vitória", "ES", 27, "29"),
    ("Belo Horizonte", "MG", 31, "30"),
    ("Uberlândia", "MG", 34, "38"),
    ("Curitiba", "PR", 41, "80"),
    ("Florianópolis", "SC", 48, "88"),
    ("Porto Alegre", "RS", 51, "90"),
    ("Brasília", "DF", 61, "70"),
    ("Goiânia", "GO", 62, "74"),
    ("Cuiabá", "MT", 65, "78"),
    ("Salvador", "BA", 71, "40"),
    ("Recife", "PE", 81, "50"),
    ("Fortaleza", "CE", 85, "60"),
    ("Belém", "PA", 91, "66"),
    ("Manaus", "AM", 92, "69"),
    ("São Luís", "MA", 98, "65"),
)
City = tuple[str, str, int, str]

# Numbers 1, 2, 3 … land far apart among the 10^9 first nine digits, and no two on the same: the factor is odd and
# no multiple of 5. None up to MAX_NUMBER lands on a repeated digit (000000000, 111111111, …).
CPF_BASES = 10**9
CPF_FACTOR = 387_420_489
CPF_START = 104_729_331
MAX_NUMBER = 10_000_000


def cpf(base: int) -> str:
    """The CPF whose first nine digits are `base`."""
    digits = [int(digit) for digit in f"{base:09d}"]
    for _ in range(2):
        weighted = sum(digit * weight for weight, digit in enumerate(reversed(digits), start=2))
        digits.append(weighted * 10 % 11 % 10)
    return "".join(map(str, digits))


def nth_cpf(number: int) -> str:
    """A valid CPF, another one for every number from 1 to MAX_NUMBER."""
    return cpf((CPF_START + number * CPF_FACTOR) % CPF_BASES)


def name(dice: Dice) -> str:
    return f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)} {dice.pick(LAST_NAMES)}"


def email(name: str, number: int) -> str:
    """An address at example.com, a domain reserved for examples, so that no mail is delivered."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = plain.split()
    return f"{words[0]}.{words[-1]}{number}@example.com"


def phone(dice: Dice, area: int) -> str:
    """E.164; one in five is a fixed line."""
    if dice.draw(5) == 0:
        return f"+55{area}{2 + dice.draw(4)}{dice.draw(10**7):07d}"
    return f"+55{area}9{6 + dice.draw(4)}{dice.draw(10**7):07d}"


def address(dice: Dice, city: City) -> str:
    name, state, _, postal = city
    house, code = 1 + dice.draw(1999), dice.draw(10**6)
    return f"{dice.pick(STREETS)}, {house} - {name}/{state}, {postal}{code // 1000:03d}-{code % 1000:03d}"
