//! Two independent readers on files that BuildKit accepts: `dockerfile-parser` and `parse-dockerfile`.
//!
//! Where they accept a file too, they must find the same instructions on the same lines. Every file where one of them
//! does not is in a snapshot; those were compared with BuildKit's own reading (`buildkit.rs`), which is ours.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dockerfile_parser as old;
use dockerfile_syntax::Dockerfile;
use parse_dockerfile as new;

/// Keyword, and the byte range a reader gives the instruction.
type Found = (String, usize, usize);
/// `Err` names the kind of refusal.
type Reading = Result<Vec<Found>, String>;
type Reader = fn(&str) -> Reading;

fn dockerfile_parser(source: &str) -> Reading {
    let file = old::Dockerfile::parse(source).map_err(|_| "rejected".to_owned())?;
    let keyword = |one: &old::Instruction| {
        use old::Instruction as I;
        match one {
            I::From(_) => "FROM".to_owned(),
            I::Arg(_) => "ARG".to_owned(),
            I::Label(_) => "LABEL".to_owned(),
            I::Run(_) => "RUN".to_owned(),
            I::Entrypoint(_) => "ENTRYPOINT".to_owned(),
            I::Cmd(_) => "CMD".to_owned(),
            I::Copy(_) => "COPY".to_owned(),
            I::Env(_) => "ENV".to_owned(),
            I::Misc(misc) => misc.instruction.content.to_uppercase(),
        }
    };
    Ok(file.instructions.iter().map(|one| (keyword(one), one.span().start, one.span().end)).collect())
}

fn parse_dockerfile(source: &str) -> Reading {
    let file = new::parse(source).map_err(|_| "rejected".to_owned())?;
    Ok(file.instructions.iter().map(new_reader).collect())
}

fn new_reader(one: &new::Instruction<'_>) -> Found {
    use new::Instruction as I;
    let command = |command: &new::Command<'_>| match command {
        new::Command::Exec(exec) => exec.span.end,
        new::Command::Shell(shell) => shell.span.end,
        _ => 0,
    };
    let copied = |sources: &[new::Source<'_>], dest: usize| {
        let ends = sources
            .iter()
            .map(|source| if let new::Source::HereDoc(doc) = source { doc.span.end } else { 0 });
        ends.max().unwrap_or(0).max(dest)
    };
    let (name, start, end) = match one {
        I::Add(i) => ("ADD", i.add.span.start, copied(&i.src, i.dest.span.end)),
        I::Arg(i) => ("ARG", i.arg.span.start, i.arguments.span.end),
        I::Cmd(i) => ("CMD", i.cmd.span.start, command(&i.arguments)),
        I::Copy(i) => ("COPY", i.copy.span.start, copied(&i.src, i.dest.span.end)),
        I::Entrypoint(i) => ("ENTRYPOINT", i.entrypoint.span.start, command(&i.arguments)),
        I::Env(i) => ("ENV", i.env.span.start, i.arguments.span.end),
        I::Expose(i) => ("EXPOSE", i.expose.span.start, i.arguments.last().map_or(0, |last| last.span.end)),
        I::From(i) => {
            ("FROM", i.from.span.start, i.as_.as_ref().map_or(i.image.span.end, |(_, name)| name.span.end))
        }
        I::Healthcheck(i) => {
            let end = match &i.arguments {
                new::HealthcheckArguments::Cmd { arguments, .. } => command(arguments),
                new::HealthcheckArguments::None { none, .. } => none.span.end,
                _ => 0,
            };
            ("HEALTHCHECK", i.healthcheck.span.start, end)
        }
        I::Label(i) => ("LABEL", i.label.span.start, i.arguments.span.end),
        I::Maintainer(i) => ("MAINTAINER", i.maintainer.span.start, i.name.span.end),
        I::Onbuild(i) => {
            let (_, _, end) = new_reader(&i.instruction);
            ("ONBUILD", i.onbuild.span.start, end)
        }
        I::Run(i) => {
            let docs = i.here_docs.iter().map(|doc| doc.span.end).max().unwrap_or(0);
            ("RUN", i.run.span.start, command(&i.arguments).max(docs))
        }
        I::Shell(i) => ("SHELL", i.shell.span.start, i.arguments.last().map_or(0, |last| last.span.end)),
        I::Stopsignal(i) => ("STOPSIGNAL", i.stopsignal.span.start, i.arguments.span.end),
        I::User(i) => ("USER", i.user.span.start, i.arguments.span.end),
        I::Volume(i) => {
            let end = match &i.arguments {
                new::JsonOrStringArray::Json(json) => json.span.end,
                new::JsonOrStringArray::String(words) => words.last().map_or(0, |last| last.span.end),
            };
            ("VOLUME", i.volume.span.start, end)
        }
        I::Workdir(i) => ("WORKDIR", i.workdir.span.start, i.arguments.span.end),
        _ => ("?", 0, 0),
    };
    (name.to_owned(), start, end)
}

/// First and last line of a byte range, without the blanks and line endings at its end and what stands there besides:
/// comment lines and the end of an open continuation.
fn lines(source: &str, start: usize, end: usize) -> (usize, usize) {
    let line = |at: usize| source[..at.min(source.len())].matches('\n').count() + 1;
    let text = source.get(start..end).unwrap_or_default();
    (line(start), line(start + text.trim_end().len()))
}

/// How a reading differs from ours; empty when it does not.
fn compare(source: &str, reading: &Reading) -> (&'static str, String) {
    let ours = Dockerfile::parse(source);
    let Ok(theirs) = reading else { return ("rejected", String::new()) };
    for (index, one) in ours.instructions().enumerate() {
        let keyword = one.keyword().to_string();
        let Some((name, start, end)) = theirs.get(index) else {
            return ("instructions missing", format!("{keyword} in line {}", one.lines().0));
        };
        if *name != keyword {
            let line = lines(source, *start, *end).0;
            return (
                "instructions differ",
                format!("{name} in line {line}, not {keyword} in line {}", one.lines().0),
            );
        }
        // The last line that holds part of it: ours count comments and blank lines at an open end, as BuildKit does. One
        // reader leaves the terminator of a heredoc out.
        let line = |at: u32| ours.line_col(at).line as usize;
        let argument = line(one.arguments().span().end.max(one.keyword_token().span().end));
        let expected = match one.heredocs().last() {
            Some(heredoc) if heredoc.body().is_empty() => (argument, one.lines().1 as usize),
            Some(heredoc) => (line(heredoc.body().end - 1), one.lines().1 as usize),
            None => (argument, argument),
        };
        let found = lines(source, *start, *end);
        let first = one.lines().0 as usize;
        if found.0 != first {
            return ("first line", format!("{keyword} in line {}, not {first}", found.0));
        }
        if found.1 < expected.0 || found.1 > expected.1 {
            return (
                "last line",
                format!("{keyword} in line {} ends in {}, not {}", found.0, found.1, expected.1),
            );
        }
    }
    match theirs.get(ours.instructions().len()) {
        Some((name, ..)) => ("instructions added", name.clone()),
        None => ("agrees", String::new()),
    }
}

/// Reads every file with one reader, on a stack of its own: one of them recurses on long continuations.
fn readings(files: &[(String, String)], read: Reader) -> Vec<Reading> {
    let guarded =
        |source: &str| catch_unwind(AssertUnwindSafe(|| read(source))).unwrap_or(Err("panicked".to_owned()));
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(512 << 20);
        let thread =
            builder.spawn_scoped(scope, || files.iter().map(|(_, source)| guarded(source)).collect());
        thread.unwrap().join().unwrap()
    })
}

/// What each reader makes of the files: counts, and every file it reads differently.
fn report(files: &[(String, String)]) -> String {
    let mut out = String::new();
    let readers: [(&str, Reader); 2] =
        [("dockerfile-parser 0.9.0", dockerfile_parser), ("parse-dockerfile 0.1.9", parse_dockerfile)];
    for (name, read) in readers {
        let mut classes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ((path, source), reading) in files.iter().zip(readings(files, read)) {
            let (class, detail) = compare(source, &reading);
            let class = if let Err(kind) = &reading { kind.as_str() } else { class };
            classes
                .entry(class.to_owned())
                .or_default()
                .push(format!("{path} {detail}").trim_end().to_owned());
        }
        let _ = writeln!(out, "{name}: {} files", files.len());
        for (class, paths) in &classes {
            let _ = writeln!(out, "  {class}: {}", paths.len());
            for path in paths.iter().filter(|_| class != "agrees") {
                let _ = writeln!(out, "    {path}");
            }
        }
    }
    out
}

fn check(name: &str, files: &[(String, String)]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../snapshots/syntax");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, report(files)));
}

#[test]
fn own_files() {
    let files: Vec<_> =
        common::OWN.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
    for (name, source) in &files {
        let file = Dockerfile::parse(source.as_str());
        assert!(file.errors().is_empty(), "{name}: {:?}", file.errors());
    }
    check("differential-own", &files);
}

#[test]
fn corpus_files() {
    let Some(files) = common::corpus() else { return };
    let accepted: Vec<_> =
        files.into_iter().filter(|file| file.accepted).map(|file| (file.path, file.source)).collect();
    assert!(accepted.len() > 1_000, "only {} files: the corpus is incomplete", accepted.len());
    check("differential-corpus", &accepted);
}
