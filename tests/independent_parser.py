#!/usr/bin/env python3
"""Rewrites copies of many Dockerfiles with `harden --write` and checks the result with a parser that is not ours.

usage: independent_parser.py HARDEN FOLDER [--facts FILE] [--level LEVEL]

The parser is the `dockerfile` package from PyPI: BuildKit's own Go parser (of 2023) behind Python. For every file that
harden and the parser accept before the rewrite, the result must

  - be accepted by the parser and hold the instructions of the original in order; secrets may take ENV, ARG and COPY away,
    and only RUN, USER and ENV may come, unless there is a stage more,
  - keep every comment line,
  - hold every ADD whose source the parser reads as a URL, a git repository or an archive by name,
  - not change when harden runs again.

Prints the figures as JSON; exit code 1 when a check failed.
"""
import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import dockerfile

ARCHIVE = re.compile(r"\.(tar|tgz|tbz2?|txz|tar\.\w+|gz|bz2|xz|zst)$|\.tar[.-]", re.I)
REMOTE = re.compile(r"^([a-z+]+://|git@)", re.I)
SKIP = {"buildkit.ndjson", "manifest.tsv", "README.md"}


def parse(text):
    try:
        return list(dockerfile.parse_string(text))
    except Exception as error:  # the Go error arrives as GoParseError
        return str(error)


def comments(text):
    return collections.Counter(line.strip() for line in text.split("\n") if line.lstrip().startswith("#"))


def extracting(commands):
    """Sources of ADD that clearly are not plain copies, with the destination."""
    found = collections.Counter()
    for command in commands:
        if command.cmd.upper() != "ADD" or len(command.value) < 2:
            continue
        for source in command.value[:-1]:
            if REMOTE.match(source) or ARCHIVE.search(source):
                found[(source, command.value[-1])] += 1
    return found


def keywords(commands):
    return ["COPY" if command.cmd.upper() == "ADD" else command.cmd.upper() for command in commands]


def misplaced(old, new):
    """What the instructions of a result have lost or gained that no transform takes away or writes."""
    old, new = keywords(old), keywords(new)
    if new.count("FROM") > old.count("FROM"):
        # A stage more: instructions move to it or are repeated there.
        lost = collections.Counter(old) - collections.Counter(new)
        return [f"lost {one}" for one in lost if one not in {"ENV", "ARG", "COPY"}]
    lost = collections.Counter(old) - collections.Counter(new)
    gained = collections.Counter(new) - collections.Counter(old)
    wrong = [f"lost {one}" for one in lost if one not in {"ENV", "ARG", "COPY"}]
    wrong += [f"gained {one}" for one in gained if one not in {"RUN", "USER", "ENV"}]
    rest = iter(new)
    if not all(one in rest for one in old if one not in {"ENV", "ARG", "COPY"}):
        wrong.append("another order")
    return wrong


def run(harden, args, cwd):
    done = subprocess.run([harden, *args], cwd=cwd, capture_output=True, text=True, errors="replace")
    if done.returncode not in (0, 1, 2, 3):
        sys.exit(f"harden ended with {done.returncode}: {done.stderr[-2000:]}")
    return done


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("harden")
    options.add_argument("folder")
    options.add_argument("--facts")
    options.add_argument("--level", default="suggest")
    options = options.parse_args()
    harden = str(pathlib.Path(options.harden).resolve())
    facts = ["--facts", str(pathlib.Path(options.facts).resolve())] if options.facts else []
    work = pathlib.Path(tempfile.mkdtemp(prefix="harden-check-"))
    try:
        sys.exit(check(harden, facts, options.level, pathlib.Path(options.folder), work))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check(harden, facts, level, folder, work):
    before, files = {}, []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in SKIP):
        relative = path.relative_to(folder)
        copy = work / relative
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        if isinstance(parse(text), list) and not text.startswith("\ufeff"):
            before[copy] = text
            files.append(str(relative))
    figures, failures = collections.Counter(parsed_before=len(before)), []
    args = ["--write", "--quiet", "--offline", "--level", level, *facts]
    # Named one by one: some corpus files have names a walk does not take for Dockerfiles.
    for start in range(0, len(files), 400):
        run(harden, [*args, *files[start : start + 400]], work)
    for path, old in before.items():
        new = path.read_bytes().decode()
        if new == old:
            continue
        figures["changed"] += 1
        old_commands, new_commands = parse(old), parse(new)
        name = path.relative_to(work)
        if not isinstance(new_commands, list):
            failures.append(f"{name}: rejected after the rewrite: {new_commands}")
            continue
        for wrong in misplaced(old_commands, new_commands):
            failures.append(f"{name}: {wrong}")
        if comments(old) - comments(new):
            failures.append(f"{name}: lost comments {list(comments(old) - comments(new))[:3]}")
        if extracting(old_commands) - extracting(new_commands):
            failures.append(f"{name}: converted {list(extracting(old_commands) - extracting(new_commands))[:3]}")
    again = {path: path.read_bytes() for path in before}
    for start in range(0, len(files), 400):
        run(harden, [*args, *files[start : start + 400]], work)
    for path, text in again.items():
        if path.read_bytes() != text:
            failures.append(f"{path.relative_to(work)}: a second run changed it again")
    figures["failures"] = len(failures)
    print(json.dumps(figures))
    print("\n".join(failures[:50]))
    return 1 if failures else 0


if __name__ == "__main__":
    main()
