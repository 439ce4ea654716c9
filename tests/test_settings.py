"""Settings come from the environment or .env; nonsense is refused by name, and no password is ever repeated."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backoffice.settings import ROOT, Settings, read_settings

EXAMPLE = re.compile(r"^# ([A-Z_]+)=(.*)$", re.MULTILINE)
UNSET_BY_DEFAULT = {
    "DATABASE_URL",
    "DB_HOST",
    "DB_NAME",
    "DB_USER",
    "DB_PASSWORD",
    "DB_SSLMODE",
    "DB_REPLICA_URL",
    "FORWARDED_ALLOW_IPS",
}


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings()


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        read_settings()
    return str(caught.value)


def refusal_of_file(monkeypatch: pytest.MonkeyPatch, path: Path) -> str:
    monkeypatch.setitem(Settings.model_config, "env_file", path)
    return refusal(monkeypatch)


def starting_with(environment: dict[str, str], project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import piccolo_conf; print(piccolo_conf.DB.settings)"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def test_the_example_names_every_setting_once_with_its_default() -> None:
    examples = EXAMPLE.findall((ROOT / ".env.example").read_text())
    assert sorted(name for name, _ in examples) == sorted(name.upper() for name in Settings.model_fields)
    for name, value in examples:
        default = Settings.model_fields[name.lower()].default
        if name in UNSET_BY_DEFAULT:
            assert default is None
        else:
            assert str(default) == value or float(default) == float(value)


def test_every_example_is_a_valid_value(monkeypatch: pytest.MonkeyPatch) -> None:
    read(monkeypatch, **dict(EXAMPLE.findall((ROOT / ".env.example").read_text())))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('PORT=8123\nDATABASE_URL="postgresql://flow:s3cret@db.example/flowcrm\n', 2),
        ("PORT=8123\n\n# one of us\nDB_HOST\n", 4),
        ("=x\n", 1),
    ],
)
def test_a_line_of_a_dotenv_file_that_cannot_be_read_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, line: int
) -> None:
    (tmp_path / ".env").write_text(text)
    said = refusal_of_file(monkeypatch, tmp_path / ".env")
    assert said == f"Flow CRM cannot start. The file .env cannot be read: line {line}"


def test_a_folder_in_the_place_of_a_dotenv_file_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = refusal_of_file(monkeypatch, tmp_path)
    assert said.startswith("Flow CRM cannot start. The file .env cannot be read")


def test_a_link_that_leads_nowhere_in_the_place_of_a_dotenv_file_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "moved-away")
    said = refusal_of_file(monkeypatch, tmp_path / ".env")
    assert said.startswith("Flow CRM cannot start. The file .env cannot be read")


def test_blanks_around_a_value_are_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"HOST": "::1", "PORT": "8123", "LOG_LEVEL": "DEBUG", "ENVIRONMENT": "Production", "DB_SSLMODE": "require"}
    words["DATABASE_URL"] = "postgresql://flow:s3cret@db.example/flowcrm"
    settings = read(monkeypatch, **{name: f" {word} " for name, word in words.items()})
    assert settings == read(monkeypatch, **words)
    assert settings.production


def test_a_password_may_begin_and_end_with_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, DB_HOST="db.example", DB_PASSWORD=" s3cret ").password == " s3cret "


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, PORT="", DATABASE_URL="", DB_HOST="", DB_POOL_MAX="")
    assert (settings.port, settings.db_pool_max, settings.database_configured) == (8000, 20, False)


def test_a_dotenv_file_is_read_and_the_environment_wins(project: Path, environment: dict[str, str]) -> None:
    (project / ".env").write_text("PORT=8123\nDB_POOL_MAX=7\nDB_HOST=db.example\n")
    done = starting_with(environment | {"DB_POOL_MAX": "9"}, project)
    assert "port=8123" in done.stdout
    assert "db_pool_max=9" in done.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
        ("ENVIRONMENT", "staging"),
        ("WEB_CONCURRENCY", "0"),
        ("DB_POOL_MAX", "0"),
        ("DB_POOL_MAX", "many"),
        ("DB_CONNECT_TIMEOUT", "-1"),
        ("DB_STATEMENT_TIMEOUT", "nan"),
        ("DB_LOCK_TIMEOUT", "inf"),
        ("DB_LOCK_TIMEOUT", "0.0004"),
        ("DB_PORT", "x"),
        ("DB_SSLMODE", "sometimes"),
        ("HOST", "two words"),
        ("HOST", " "),
        ("DB_HOST", " "),
        ("DB_HOST", "db1.example, ,db2.example"),
        ("DB_HOST", "127.0.0.1:5433"),
        ("DB_HOST", "db1.example,[::1]:5433"),
        ("DB_NAME", " "),
        ("DB_USER", " "),
        ("FORWARDED_ALLOW_IPS", "banana"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.7, proxy.example"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.300"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.7/16"),
        ("DATABASE_URL", "mysql://localhost/flowcrm"),
        ("DATABASE_URL", "localhost"),
        ("DATABASE_URL", "postgresql://localhost:port/flowcrm"),
    ],
)
def test_nonsense_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    said = refusal(monkeypatch, **{variable: value})
    assert re.fullmatch(rf"Flow CRM cannot start\. {variable}: .+", said)
    assert "pattern" not in said
    assert ("DB_PORT" in said) is (variable in {"DB_HOST", "DB_PORT"})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://flow:s3cret@pass@db.example/flowcrm",
        "postgresql://flow:s3cret/pass@db.example/flowcrm",
        "postgresql://flow:s3cret#pass@db.example/flowcrm",
        "postgresql://flow:s3cret?pass@db.example/flowcrm",
        "postgres://flow:s3cret@db.example:99999/flowcrm",
        "postgres://flow:s3cret@[::1]:99999/flowcrm",
        "postgres://flow:[s3cret]@db.example/flowcrm",
        "postgres://flow:s3cret℀@db.example/flowcrm",
        "postgres://flow:s3cret@/flowcrm?host=/run/postgresql&port=99999",
        "http://flow:s3cret@db.example/flowcrm",
    ],
)
def test_a_refused_url_never_shows_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    said = refusal(monkeypatch, DATABASE_URL=url)
    assert "DATABASE_URL: " in said
    assert "s3cret" not in said


def test_a_program_with_nonsense_does_not_start(project: Path, environment: dict[str, str]) -> None:
    done = starting_with(environment | {"PORT": "eighty", "DATABASE_URL": "mysql://u:s3cret@db/x"}, project)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"(Flow CRM cannot start\. (PORT|DATABASE_URL): .+\n){2}", done.stderr)


def test_settings_never_show_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, DATABASE_URL="postgresql://u:s3cret@db/x", DB_PASSWORD="s3cret")
    assert "s3cret" not in repr(settings) + str(settings)


@pytest.mark.parametrize("variable", ["DB_PORT", "DB_USER", "DB_PASSWORD"])
def test_half_a_database_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with pytest.raises(ValueError, match="DB_HOST or DB_NAME"):
        read(monkeypatch, **{variable: "5433"})
    assert not read(monkeypatch, **{variable: ""}).database_configured


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgresql://flow:change-me@db.example/flowcrm"},
        {"DATABASE_URL": "postgresql://flow:flowcrm%2Ddemo@db.example/flowcrm"},
        {"DATABASE_URL": "postgresql://flow@db.example/flowcrm?password=change-me"},
        {"DB_HOST": "db.example", "DB_PASSWORD": "change-me"},
        {"DB_HOST": "db.example", "DB_REPLICA_URL": "postgresql://flow:change-me@standby.example/flowcrm"},
    ],
)
def test_production_refuses_the_passwords_of_the_examples(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    assert read(monkeypatch, **variables).database_configured
    with pytest.raises(ValueError, match="production refuses"):
        read(monkeypatch, ENVIRONMENT="Production", **variables)


@pytest.mark.parametrize(
    "proxies",
    [
        "*",
        "10.0.0.7, *",
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/0.0.0.0",
        "0.0.0.0/00",
        "0.0.0.0/1,::1, 128.0.0.0/1",
        "8000::/1,10.0.0.7,::/1",
        "::ffff:0:0/96",
    ],
)
def test_production_refuses_to_believe_everybody_about_addresses(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    assert read(monkeypatch, FORWARDED_ALLOW_IPS=proxies).forwarded_allow_ips == proxies
    assert "FORWARDED_ALLOW_IPS" in refusal(monkeypatch, ENVIRONMENT="production")
    assert read(monkeypatch, FORWARDED_ALLOW_IPS="10.0.0.7, 10.1.0.0/16, fd00::/8, ::ffff:10.0.0.7").production


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgresql://flow:x@db.example/flowcrm?sslmode=disable"},
        {"DATABASE_URL": "postgresql://flow:x@localhost,db.example/flowcrm?sslmode=allow"},
        {"DATABASE_URL": "postgresql://flow:x@127.db.example/flowcrm?sslmode=disable"},
        {"DB_HOST": "db.example", "DB_SSLMODE": "disable"},
        {"DB_HOST": "localhost", "DB_REPLICA_URL": "postgresql://flow:x@db.example/flowcrm?sslmode=disable"},
    ],
)
def test_production_refuses_to_send_passwords_that_anybody_can_read(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    assert read(monkeypatch, **variables).database_configured
    assert "sslmode" in refusal(monkeypatch, ENVIRONMENT="production")
    assert read(monkeypatch, DB_SSLMODE="verify-full").production


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"])
def test_on_the_way_to_the_own_machine_nobody_listens(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    url = f"postgresql://flow:x@{host}/flowcrm?sslmode=disable"
    if host.startswith("%2F"):
        url = f"postgresql://flow:x@/flowcrm?host={host}&sslmode=disable"
    assert read(monkeypatch, ENVIRONMENT="production", DATABASE_URL=url).production


@pytest.mark.parametrize(
    ("variables", "addresses"),
    [
        ({"DB_NAME": "flowcrm"}, [("localhost", 5432)]),
        ({"DB_HOST": "a, b", "DB_PORT": "5433"}, [("a", 5433), ("b", 5433)]),
        ({"DB_HOST": "::1,/run/a:b c"}, [("::1", 5432), ("/run/a:b c", 5432)]),
        ({"DATABASE_URL": "postgresql://u:p@a:1,b/x"}, [("a", 1), ("b", 5432)]),
        ({"DATABASE_URL": "postgresql://u:p@[::1]:3/x"}, [("::1", 3)]),
        ({"DATABASE_URL": "postgresql://u@/x?host=/run/pg,db&port=5433,5434"}, [("/run/pg", 5433), ("db", 5434)]),
        ({"DATABASE_URL": "postgresql:///x"}, []),
    ],
)
def test_the_addresses_of_the_database_are_known(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], addresses: list[tuple[str, int]]
) -> None:
    assert read(monkeypatch, **variables).addresses == addresses


def test_a_relative_data_folder_begins_at_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, FLOW_DATA_DIR="elsewhere").flow_data_dir == ROOT / "elsewhere"
    assert read(monkeypatch, FLOW_DATA_DIR="").flow_data_dir == ROOT / ".data"


def test_the_data_folder_may_begin_at_somebodys_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, FLOW_DATA_DIR="~/flow").flow_data_dir == Path.home() / "flow"
    with pytest.raises(ValueError, match="home folder"):
        read(monkeypatch, FLOW_DATA_DIR="~nobody-of-this-name/flow")


def test_the_suite_sees_no_setting_of_the_developer() -> None:
    named = {field.upper() for field in Settings.model_fields}
    assert named & os.environ.keys() == {"FLOW_DATA_DIR"}
