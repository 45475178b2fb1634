use harden_core::{BuildSetup, Scopes};

use super::*;
use crate::support::frontend::{SECRET_ENV, require, with_directive};
use crate::support::remove_pair::remove;
use crate::support::remove_pair::tests::{applied, corpus};

fn variable(name: &str) -> Mount {
    Mount::Variable { id: name.to_owned(), name: name.to_owned() }
}

fn file(id: &str, target: &str) -> Mount {
    Mount::File { id: id.to_owned(), target: target.to_owned(), mode: None, uid: None }
}

/// The text after the mounts were added to the last RUN, `-` for nothing to do, or the reason against it.
#[track_caller]
fn result(text: &str, mounts: &[Mount]) -> String {
    let file = Dockerfile::parse(text);
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    let setup = BuildSetup::default();
    let build = Build::new(&file);
    let scopes = Scopes::new(&build, &setup);
    let mut outcome = None;
    let last = build.stages.len() - 1;
    scopes.walk(last, |_, instruction, state| {
        let run = instruction.trigger().unwrap_or(instruction);
        if run.keyword() == Keyword::Run {
            outcome = Some(add(mounts, run, &build, last, &state.shell));
        }
    });
    match outcome.unwrap() {
        Ok(None) => "-".to_owned(),
        Ok(Some(edit)) => {
            let after = applied(text, vec![edit]);
            if mounts.len() == 1 {
                assert_eq!(result(&after, mounts), "-", "a second time");
            }
            after
        }
        Err(why) => why.code.to_owned(),
    }
}

#[test]
fn behind_the_flags_and_before_the_command() {
    let added = "--mount=type=secret,id=S,env=S";
    for (before, after) in [
        ("RUN npm ci\n", format!("RUN {added} npm ci\n")),
        ("run npm ci", format!("run {added} npm ci")),
        ("  RUN  npm ci\n", format!("  RUN {added}  npm ci\n")),
        ("RUN\tnpm ci\n", format!("RUN {added}\tnpm ci\n")),
        ("RUN [\"npm\", \"ci\"]\n", format!("RUN {added} [\"npm\", \"ci\"]\n")),
        ("RUN <<EOF\nnpm ci\nEOF\n", format!("RUN {added} <<EOF\nnpm ci\nEOF\n")),
        ("RUN bash -e <<'EOF'\nx\nEOF\n", format!("RUN {added} bash -e <<'EOF'\nx\nEOF\n")),
        ("ONBUILD RUN npm ci\n", format!("ONBUILD RUN {added} npm ci\n")),
        ("RUN \\\n  npm ci\n", format!("RUN {added} \\\n  npm ci\n")),
        ("RUN \\\n  # why\n  npm ci \\\n && x\n", format!("RUN {added} \\\n  # why\n  npm ci \\\n && x\n")),
        ("RUN npm ci \\\r\n && x\r\n", format!("RUN {added} npm ci \\\r\n && x\r\n")),
        ("RUN --network=none npm ci\n", format!("RUN --network=none {added} npm ci\n")),
        (
            "RUN --mount=type=cache,target=/c npm ci\n",
            format!("RUN --mount=type=cache,target=/c {added} npm ci\n"),
        ),
        (
            "RUN --mount=type=cache,target=/c \\\n    npm ci\n",
            format!("RUN --mount=type=cache,target=/c \\\n    {added} \\\n    npm ci\n"),
        ),
        (
            "RUN --mount=type=cache,target=/c \\\r\n\tnpm ci\r\n",
            format!("RUN --mount=type=cache,target=/c \\\r\n\t{added} \\\r\n\tnpm ci\r\n"),
        ),
        (
            "RUN \\\n  --mount=type=cache,target=/c \\\n  --network=none \\\n    npm ci\n",
            format!(
                "RUN \\\n  --mount=type=cache,target=/c \\\n  --network=none \\\n  {added} \\\n    npm ci\n"
            ),
        ),
        (
            "RUN --mount=type=cache,target=/c \\\n  # why\n  npm ci\n",
            format!("RUN --mount=type=cache,target=/c \\\n  {added} \\\n  # why\n  npm ci\n"),
        ),
        (
            "RUN --mount=type=cache,target=/c \\\nx\n",
            format!("RUN --mount=type=cache,target=/c \\\n    {added} \\\nx\n"),
        ),
        ("RUN -- npm ci\n", format!("RUN {added} -- npm ci\n")),
        ("RUN --network=\"none\" npm ci\n", format!("RUN --network=\"none\" {added} npm ci\n")),
    ] {
        let text = format!("FROM a\n{before}");
        assert_eq!(result(&text, &[variable("S")]), format!("FROM a\n{after}"), "{before}");
    }
}

#[test]
fn kinds_of_mounts() {
    let text = "FROM a\nRUN x\n";
    let full =
        Mount::File { id: "npmrc".into(), target: "/root/.npmrc".into(), mode: Some(0o440), uid: Some(1000) };
    for (mounts, flags) in [
        (vec![file("key", "/run/k")], "--mount=type=secret,id=key,target=/run/k"),
        (vec![full], "--mount=type=secret,id=npmrc,target=/root/.npmrc,uid=1000,mode=0440"),
        (vec![Mount::Ssh], "--mount=type=ssh"),
        (
            vec![variable("A"), variable("B"), variable("A")],
            "--mount=type=secret,id=A,env=A --mount=type=secret,id=B,env=B",
        ),
    ] {
        assert_eq!(result(text, &mounts), format!("FROM a\nRUN {flags} x\n"));
    }
    assert_eq!(result(text, &[]), "-");
}

#[test]
fn mounts_that_are_there() {
    for (flags, mount, expected) in [
        ("--mount=type=secret,id=S,env=S", variable("S"), "-"),
        ("--mount=env=S,id=S,type=SECRET", variable("S"), "-"),
        ("--mount=type=secret,source=S,env=S", variable("S"), "-"),
        ("--mount=type=secret,id=S,env=S,required=true", variable("S"), "-"),
        ("--mount=type=secret,id=S,env=S,target=/s", variable("S"), "mount-conflict"),
        ("--mount=type=secret,id=S", variable("S"), "mount-conflict"),
        ("--mount=type=secret,id=S,env=T", variable("S"), "mount-conflict"),
        ("--mount=type=secret,id=T,env=S", variable("S"), "mount-conflict"),
        ("--mount=type=secret,id=k,dst=/k,uid=0,mode=400", file("k", "/k"), "-"),
        ("--mount=type=secret,id=k,dst=/k,uid=7", file("k", "/k"), "mount-conflict"),
        ("--mount=type=secret,id=k", file("k", "/run/secrets/k"), "-"),
        ("--mount=type=secret,target=/a/k", file("k", "/a/k"), "-"),
        ("--mount=type=cache,target=/k", file("k", "/k"), "mount-conflict"),
        ("--mount=type=ssh", Mount::Ssh, "-"),
        ("--mount=type=ssh,id=default", Mount::Ssh, "-"),
        ("--mount=type=ssh,id=other", Mount::Ssh, "mount-conflict"),
        ("--mount=type=secret,id=S,env=$S", variable("S"), "mount-unreadable"),
        ("--mount=type=secret,id=$S,env=T", variable("S"), "mount-unreadable"),
        ("--mount=type=$T,target=/c", variable("S"), "mount-unreadable"),
        ("--mount=type=cache,target=/c-$V", file("k", "/k"), "mount-unreadable"),
    ] {
        assert_eq!(result(&format!("FROM a\nRUN {flags} x\n"), &[mount]), expected, "{flags}");
    }
    // Others do not matter.
    for flags in [
        "--mount=type=cache,id=S,target=/c",
        "--mount=type=cache,id=c-$V,target=/c-$V",
        "--mount=type=secret,id=T,env=T",
        "--mount=type=ssh",
    ] {
        let expected = format!("FROM a\nRUN {flags} --mount=type=secret,id=S,env=S x\n");
        assert_eq!(result(&format!("FROM a\nRUN {flags} x\n"), &[variable("S")]), expected);
    }
    assert_eq!(
        result("FROM a\nRUN x\n", &[variable("A"), Mount::Variable { id: "A".into(), name: "B".into() }]),
        "mount-conflict"
    );
}

#[test]
fn refusals() {
    for text in [
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN x\n",
        "FROM mcr.microsoft.com/windows/nanoserver:1809 AS a\nFROM a\nRUN x\n",
        "FROM --platform=windows/amd64 a\nRUN x\n",
        "# escape=`\nFROM a\nRUN x\n",
        "FROM a\nSHELL [\"powershell\", \"-Command\"]\nRUN x\n",
        "FROM a\nSHELL [\"C:\\\\x\\\\cmd.exe\", \"/S\", \"/C\"]\nRUN x\n",
    ] {
        assert_eq!(result(text, &[variable("S")]), "windows", "{text}");
    }
    for mount in [
        variable("a-b"),
        variable("1A"),
        variable(""),
        file("a b", "/x"),
        file("a", "x"),
        file("a", "/x,uid=0"),
        file("a", "/x/$HOME"),
    ] {
        assert_eq!(result("FROM a\nRUN x\n", &[mount]), "mount-value");
    }
    let file = Dockerfile::parse("FROM a\nCMD x\n");
    let build = Build::new(&file);
    let cmd = file.instructions().last().unwrap();
    assert_eq!(add(&[Mount::Ssh], cmd, &build, 0, &Value::FromBase).unwrap_err().code, "not-a-run");
}

/// What these helpers are for: the argument goes, its RUN gets a mount, the frontend knows `env=`.
#[test]
fn an_argument_becomes_a_secret() {
    let text = "ARG V=1\nFROM node:$V\n\n# For the registry.\nARG NPM_TOKEN A=1\nRUN echo $A \\\n && npm ci\nARG NPM_TOKEN\nRUN [\"npm\", \"ci\"]\n";
    let file = Dockerfile::parse(text);
    let setup = BuildSetup::default();
    let build = Build::new(&file);
    let mut edits = Vec::new();
    for &instruction in &build.stages[0].instructions {
        let pairs: Vec<_> =
            instruction.pairs().into_iter().filter(|pair| pair.key.text() == "NPM_TOKEN").collect();
        if !pairs.is_empty() {
            edits.extend(remove(&pairs, instruction).unwrap());
        }
        if instruction.keyword() == Keyword::Run {
            edits.extend(add(&[variable("NPM_TOKEN")], instruction, &build, 0, &Value::FromBase).unwrap());
        }
    }
    let directive = require(&file, &setup, SECRET_ENV).unwrap();
    let mount = "--mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN";
    assert_eq!(
        applied(text, with_directive(edits, directive)),
        format!(
            "# syntax=docker/dockerfile:1\nARG V=1\nFROM node:$V\n\n# For the registry.\nARG A=1\nRUN {mount} echo $A \\\n && npm ci\nRUN {mount} [\"npm\", \"ci\"]\n"
        )
    );
}

/// In real files a mount changes the flags of its RUN and nothing else.
#[test]
fn any_run_of_real_files() {
    let mount = [variable("HARDEN_TEST_SECRET")];
    for (path, text) in corpus() {
        let file = Dockerfile::parse(text.as_str());
        let setup = BuildSetup::default();
        let build = Build::new(&file);
        let scopes = Scopes::new(&build, &setup);
        for stage in 0..build.stages.len() {
            let mut edits = Vec::new();
            scopes.walk(stage, |_, instruction, state| {
                let run = instruction.trigger().unwrap_or(instruction);
                if run.keyword() == Keyword::Run
                    && let Ok(edit) = add(&mount, run, &build, stage, &state.shell)
                {
                    edits.push((instruction.span(), edit.unwrap()));
                }
            });
            for (span, edit) in edits {
                let after = applied(&text, vec![edit]);
                let after = Dockerfile::parse(after.as_str());
                assert_eq!(after.comments().len(), file.comments().len());
                for (old, new) in file.instructions().zip(after.instructions()) {
                    if old.span() != span {
                        assert_eq!(file.slice(old.span()), after.slice(new.span()), "{}", path.display());
                        continue;
                    }
                    let (old, new) = (old.trigger().unwrap_or(old), new.trigger().unwrap_or(new));
                    assert_eq!(old.arguments().text(), new.arguments().text(), "{}", path.display());
                    assert!(
                        old.flags().map(Flag::text).eq(new.flags().map(Flag::text).take(old.flags().len()))
                    );
                    assert_eq!(new.flags().len(), old.flags().len() + 1);
                    assert_eq!(old.is_exec_form(), new.is_exec_form());
                    assert!(
                        old.heredocs()
                            .map(|one| file.slice(one.body()))
                            .eq(new.heredocs().map(|one| after.slice(one.body())))
                    );
                }
            }
        }
    }
}
