"""The house's rules that a machine can hold. Each detector is shown a breach too, so that it can fail."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
CHASSIS = ROOT / "chassis"

# The modules of a service that may open units of work: what builds its entry points, what works jobs off,
# and what measures. Use cases, rules, repositories and engines are handed one, or none.
OPENERS = {"service.py", "registry.py", "worker.py", "measures.py"}
# The chassis's own: entry points for callers, and the loops that are entry points themselves.
CHASSIS_OPENERS = {
    "backlog.py",
    "consumer.py",
    "db.py",
    "dead_letters.py",
    "doctor.py",
    "entry.py",
    "erase.py",
    "erasures.py",
    "export.py",
    "housekeeping.py",
    "inbox.py",
    "jobs.py",
    "jobs_runner.py",
    "log_check.py",
    "log_marks.py",
    "log_mend.py",
    "outbox.py",
    "reemission.py",
    "roster.py",
    "runner.py",
    "sizes.py",
    "running.py",
}
OPENING = {"writing", "reading", "writing_across", "reading_across"}
TRANSACTION_CONTROL = {"commit", "rollback", "begin", "begin_nested", "savepoint", "connect"}
MAKERS = {
    "Database",
    "create_engine",
    "sessionmaker",
    "LocalBroker",
    "load_settings",
    "SuiteSettings",
    "FastAPI",
}
NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "requests",
    "httpx",
    "smtplib",
    "subprocess",
    "asyncio",
    "kafka",
}


def sources(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts)


def rooms(name: str) -> list[Path]:
    """The Python files of every service's `app` or `domain`."""
    return [path for path in sources(SERVICES) if path.relative_to(SERVICES).parts[1:2] == (name,)]


def method_calls(tree: ast.AST, names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return [
        f"line {node.lineno}: .{node.func.attr}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in wanted
    ]


def imports(tree: ast.AST) -> set[str]:
    """The first parts of what is imported from outside."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def made_at_import(tree: ast.Module, names: set[str]) -> list[str]:
    """Calls of these names that run when the module is imported."""
    found = []
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in names:
                found.append(f"line {node.lineno}: {name}()")
        waiting.extend(ast.iter_child_nodes(node))
    return found


def breaches(paths: Iterable[Path], find: object) -> list[str]:
    assert callable(find)
    return [
        f"{path.relative_to(ROOT)} {breach}"
        for path in paths
        for breach in find(ast.parse(path.read_text(encoding="utf-8")))
    ]


def test_only_entry_points_open_units_of_work() -> None:
    others = [path for path in sources(SERVICES) if path.name not in OPENERS]
    others += [
        path
        for path in sources(CHASSIS)
        if path.name not in CHASSIS_OPENERS and "testing" not in path.relative_to(CHASSIS).parts
    ]
    assert len(others) > 50
    assert breaches(others, lambda tree: method_calls(tree, OPENING)) == []


def platform_wide(tree: ast.AST) -> list[str]:
    return [
        f"line {node.lineno}: .{node.func.attr}({node.args[0].value!r})"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("reading", "writing")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == ""
    ]


def test_no_service_looks_across_municipalities_as_the_platform() -> None:
    """On SQLite it would see all rows, on PostgreSQL the platform's alone: `reading_across` is for that."""
    assert platform_wide(ast.parse("database.reading('')")) == ["line 1: .reading('')"]
    assert breaches(sources(SERVICES), platform_wide) == []


def test_nothing_in_a_service_commits() -> None:
    paths = list(sources(SERVICES))
    assert breaches(paths, lambda tree: method_calls(tree, TRANSACTION_CONTROL)) == []


@pytest.mark.parametrize("room", ["app", "domain"])
def test_use_cases_and_rules_do_no_network_or_process_io(room: str) -> None:
    assert rooms(room)
    assert breaches(rooms(room), lambda tree: sorted(imports(tree) & NETWORK)) == []


def test_rules_ask_no_system_for_time_or_chance() -> None:
    """Clock, ids and randomness are handed in (the draw's salts are the engine's, and not in the domain)."""

    def find(tree: ast.AST) -> list[str]:
        return sorted(imports(tree) & {"random", "secrets", "time"}) + method_calls(
            tree, {"now", "utcnow", "today", "uuid1", "uuid4"}
        )

    own_clock = ("clock.now", "self._clock.now")
    for path in rooms("domain"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [
            ast.unparse(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in own_clock
        ]
        assert len(find(tree)) == len(calls), f"{path.relative_to(ROOT)}: {find(tree)}"


def test_nothing_is_made_at_import() -> None:
    paths = [*sources(SERVICES), *sources(CHASSIS)]
    assert breaches(paths, lambda tree: made_at_import(tree, MAKERS)) == []


def test_detectors_detect() -> None:
    breach = ast.parse(
        "import urllib.request\n"
        "from socket import create_connection\n"
        "from . import time\n"
        "database = Database('sqlite:///x')\n"
        "class A:\n"
        "    settings = config.load_settings()\n"
        "def use_case(uow):\n"
        "    with uow.database.writing('m') as inner:\n"
        "        inner.connection.commit()\n"
        "    return FastAPI()\n"
    )
    assert method_calls(breach, OPENING) == ["line 8: .writing()"]
    assert method_calls(breach, TRANSACTION_CONTROL) == ["line 9: .commit()"]
    assert imports(breach) == {"urllib", "socket"}
    assert sorted(made_at_import(breach, MAKERS)) == ["line 4: Database()", "line 6: load_settings()"]


def test_import_linter_keeps_the_contracts() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


HEAVY = (
    "numpy",
    "scipy",
    "highspy",
    "sqlalchemy",
    "grpc",
    "fastapi",
    "pydantic_settings",
    "alembic",
    "jinja2",
    "babel",
)


@pytest.mark.parametrize(
    "code",
    [
        "from chassis.app import command_groups; assert command_groups()",
        "from chassis.cli import run; assert run(['--help']) == 0",
        "from chassis.cli import run; assert run(['serve', '--help']) == 0",
    ],
)
def test_help_imports_nothing_heavy(code: str) -> None:
    """What makes help quick; a time limit alone would depend on the machine."""
    check = f"import sys\n{code}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
