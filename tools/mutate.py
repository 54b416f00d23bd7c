"""`make mutate`: take safety rules out of the product, one at a time, and see which test fails without each.

A rule is an entry of `mutations/<table>.toml`: a text of one source file, what stands there without the rule,
and the tests that are to find it, fast ones first. Everything runs in a copy of the tree, so that nothing
here is ever changed. First the tests must pass as they are; then each rule is taken out by itself.

One line for each rule: its name, the test that found it, seconds. The last line is one JSON object. Exit code
1 when nobody found a rule taken out, 2 when the table or the tests are not in order.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TABLES = Path(__file__).parent / "mutations"
PACKAGE = Path("src/ml_connector")
COPIED = ("src", "sandbox", "tests", "tools", "pyproject.toml")
TESTS_SECONDS_MAX = 900
NAME_MAX, TEST_MAX = 36, 28
SURVIVES = "SURVIVES"


class NotInOrder(Exception):
    """The table does not fit the tree, or its tests do not pass as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A safety rule: `old` is its text in `file`, below the product's package, and `new` what stands there
    without it.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of a rule taken out: the test that failed, empty for none, and how long it took. `why` is
    why the tests gave no answer.
    """

    rule: Rule
    test: str
    seconds: float
    why: str = ""


def read_rules(table: Path) -> tuple[Rule, ...]:
    """The rules of a table. Raises `NotInOrder` for a name that is too long or stands twice."""
    rows = tomllib.loads(table.read_text(encoding="utf-8"))["rule"]
    rules = tuple(Rule(**{**row, "tests": tuple(row["tests"])}) for row in rows)
    names = [rule.name for rule in rules]
    for name in names:
        if len(name) > NAME_MAX or names.count(name) > 1:
            raise NotInOrder(f"Rule {name!r}: a name stands once and has at most {NAME_MAX} characters.")
    return rules


class Copy:
    """The tree in another place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=skipped)
            else:
                shutil.copy(ROOT / name, folder / name)

    def check(self, rules: Sequence[Rule]) -> None:
        """Every text of a rule stands once, other text follows, and Python imports the copy. Raises
        `NotInOrder`, naming all that is wrong.
        """
        wrong = []
        for rule in rules:
            times = self._source(rule).read_text(encoding="utf-8").count(rule.old)
            if times != 1:
                wrong.append(
                    f"Rule {rule.name!r}: its text stands {times} times in {rule.file}, not once. Has it"
                    f" moved? Look for it and correct the table: {rule.old!r}"
                )
            elif rule.old == rule.new:
                wrong.append(f"Rule {rule.name!r} changes nothing.")
        if wrong:
            raise NotInOrder("\n".join(wrong))
        told = self._python("-c", "import ml_connector; print(ml_connector.__file__)").stdout.strip()
        if not Path(told).is_relative_to(self._folder.resolve()):
            raise NotInOrder(f"Tests would not look at the copy, but at {told}.")

    @contextmanager
    def without(self, rule: Rule) -> Iterator[None]:
        """The copy with the rule taken out, while the block lasts."""
        source = self._source(rule)
        text = source.read_text(encoding="utf-8")
        mutated = text.replace(rule.old, rule.new)
        try:
            compile(mutated, rule.file, "exec")
        except SyntaxError as error:
            raise NotInOrder(f"Rule {rule.name!r}: {rule.file} is no Python without it: {error}") from error
        try:
            self._write(source, mutated)
            yield
        finally:
            self._write(source, text)

    def run(self, tests: Sequence[str], *, all_of_them: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the tests up to the first that fails, or all of them."""
        stop = () if all_of_them else ("-x",)
        quiet = ("-p", "no:xdist", "-p", "no:cacheprovider", "--no-header", "--tb=no", "-rfE")
        return self._python("-m", "pytest", *quiet, *stop, *tests)

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        places = [self._folder / place for place in ("src", "sandbox/src", "tools")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TESTS_SECONDS_MAX,
            check=False,
        )

    def _source(self, rule: Rule) -> Path:
        return self._folder / PACKAGE / rule.file

    def _write(self, source: Path, text: str) -> None:
        source.write_text(text, encoding="utf-8")
        # Compiled code is known by size and whole seconds: two texts of one length look the same to it.
        for compiled in (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"):
            compiled.unlink()


def mutate(rules: Sequence[Rule]) -> Iterator[Found]:
    """Take each rule out in turn. Raises `NotInOrder` before anything is changed when the table does not fit,
    or the tests fail as they are.
    """
    with tempfile.TemporaryDirectory(prefix="ml-connector-mutate-") as folder:
        copy = Copy(Path(folder).resolve())
        copy.check(rules)
        tests = list(dict.fromkeys(test for rule in rules for test in rule.tests))
        done = copy.run(tests, all_of_them=True)
        if done.returncode != 0:
            raise NotInOrder(f"The tests must pass as they are first.\n{done.stdout[-4000:]}{done.stderr}")
        for rule in rules:
            yield _take_out(copy, rule)


def _take_out(copy: Copy, rule: Rule) -> Found:
    began, test, why = time.monotonic(), "", ""
    with copy.without(rule):
        try:
            done = copy.run(rule.tests)
            failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
            if done.returncode == 1 and failed:
                test = failed[1]
            elif done.returncode != 0:
                why = f"The tests could not run.\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        except subprocess.TimeoutExpired:
            why = f"The tests did not end within {TESTS_SECONDS_MAX} seconds."
    return Found(rule=rule, test=test, seconds=time.monotonic() - began, why=why)


def line(number: int, total: int, found: Found) -> str:
    """A rule in 80 columns."""
    name = found.test.rpartition("::")[2].removeprefix("test_") or SURVIVES
    short = name if len(name) <= TEST_MAX else f"{name[: TEST_MAX - 1]}…"
    count = f"{number}/{total}"
    return f"{count:<7} {found.rule.name:<{NAME_MAX}} {short:<{TEST_MAX}} {found.seconds:4.0f} s"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every rule taken out was found, 1 when one was not, 2 when nothing could be said."""
    parser = argparse.ArgumentParser(description=__doc__)
    tables = sorted(path.stem for path in TABLES.glob("*.toml"))
    parser.add_argument("--rules", default="safety", choices=tables)
    parser.add_argument("--rule", action="append", default=[], help="only the rule of this name")
    parser.add_argument("-v", action="store_true", help="the whole name of each test, too")
    given = parser.parse_args(arguments)
    try:
        rules = read_rules(TABLES / f"{given.rules}.toml")
        if unknown := set(given.rule) - {rule.name for rule in rules}:
            raise NotInOrder(f"There is no rule {', '.join(sorted(unknown))} in {given.rules}.toml.")
        rules = tuple(rule for rule in rules if not given.rule or rule.name in given.rule)
        count = len({test for rule in rules for test in rule.tests})
        print(f"{len(rules)} rules; first their {count} tests as they are …", flush=True)
        survivors = []
        for number, found in enumerate(mutate(rules), 1):
            print(line(number, len(rules), found), flush=True)
            if given.v and found.test:
                print(f"        {found.test}", flush=True)
            if not found.test:
                survivors.append(found.rule.name)
            if found.why:
                print(found.why, file=sys.stderr, flush=True)
    except NotInOrder as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps({"rules": len(rules), "survivors": survivors}), flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
