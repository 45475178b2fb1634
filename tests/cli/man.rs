//! `man`: a page for the program and one for each verb, which formatters take without a word.

use std::fs;

use crate::completions::{has, verbs};
use crate::support::Sandbox;

/// A page as text: escapes of dashes taken back.
fn plain(page: &str) -> String {
    page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
}

fn file_name(verb: &str) -> String {
    if verb.is_empty() { "harden.1".to_owned() } else { format!("harden-{verb}.1") }
}

#[test]
fn every_verb_has_a_page_with_its_options() {
    let sandbox = Sandbox::new(&[]);
    let said = sandbox.harden(&["man", "share/man1"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let verbs = verbs();
    let expected: Vec<_> =
        verbs.iter().map(|(verb, _)| format!("wrote share/man1/{}", file_name(verb))).collect();
    assert_eq!(said.out.lines().collect::<Vec<_>>(), expected);
    assert_eq!(sandbox.files().len(), verbs.len());
    let main = plain(&sandbox.read("share/man1/harden.1"));
    for (verb, options) in verbs {
        let page = plain(&sandbox.read(format!("share/man1/{}", file_name(&verb))));
        let title = file_name(&verb).trim_end_matches(".1").to_uppercase();
        let version = env!("CARGO_PKG_VERSION");
        let first = format!(".TH {title} 1 \"\" \"harden {version}\" \"User Commands\"\n");
        assert!(page.starts_with(&first), "{page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"] {
            assert_eq!(page.matches(&format!("\n.SH {section}\n")).count(), 1, "{verb}: {section}");
        }
        for option in options {
            let entry = page.split("\n.TP\n").find(|entry| {
                let head = entry.lines().next().unwrap();
                head.split([' ', ',']).any(|word| word == format!("--{option}"))
            });
            let entry = entry.unwrap_or_else(|| panic!("{verb}: --{option}"));
            let text = entry.lines().nth(1).unwrap_or_default();
            assert!(text.len() > 5 && !text.starts_with('.'), "{verb}: --{option} is not described: {entry}");
        }
        assert!(
            verb.is_empty() || main.contains(&format!("\nharden-{verb}(1)\n")),
            "harden(1) names no {verb}"
        );
        assert!(verb.is_empty() || page.ends_with(".SH \"SEE ALSO\"\nharden(1)\n"), "{verb}: {page}");
    }
    assert!(main.contains(".SH SYNOPSIS\nharden [OPTIONS] [PATH]...\n.br\nharden <VERB>\n"), "{main}");
    assert!(main.contains(".SH NOTES\nExit codes: 0 nothing to do, or written"), "{main}");
}

#[test]
fn without_a_folder_it_prints_the_page_of_the_program() {
    let sandbox = Sandbox::new(&[("pages/harden.1", "old"), ("pages/other.1", "kept")]);
    let said = sandbox.harden(&["man"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    // Pages of an earlier version are replaced; a second run writes the same.
    for _ in 0..2 {
        assert_eq!(sandbox.harden(&["man", "pages"]).code, Some(0));
        assert_eq!(sandbox.read("pages/harden.1"), said.out);
    }
    assert_eq!(sandbox.read("pages/other.1"), "kept");
}

/// Neither the environment nor the place decides what is on a page.
#[test]
fn pages_are_the_same_everywhere() {
    let sandbox = Sandbox::new(&[]);
    let plain = sandbox.harden(&["man"]).out;
    let mut command = sandbox.command(crate::support::HARDEN);
    let output = command.arg("man").env("HARDEN_OFFLINE", "hunter2").env("COLUMNS", "40").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), plain);
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let sandbox = Sandbox::new(&[("file", "text")]);
    sandbox.harden(&["man", "file"]).failed_with("error: cannot make the folder file: ");
    sandbox.harden(&["man", "file/below"]).failed_with("error: cannot make the folder file/below: ");
    assert_eq!(sandbox.read("file"), "text");
}

#[cfg(unix)]
#[test]
fn formatters_have_nothing_to_say() {
    let sandbox = Sandbox::new(&[]);
    assert_eq!(sandbox.harden(&["man", "pages"]).code, Some(0));
    let pages = fs::read_dir(sandbox.path("pages")).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<_> = pages.collect();
    if has("groff") {
        for page in &pages {
            let output = sandbox.command("groff").args(["-man", "-Tutf8", "-ww"]).arg(page).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", page.display());
            let shown = String::from_utf8_lossy(&output.stdout);
            assert!(shown.contains("User Commands") && shown.contains("Print help"), "{shown}");
        }
    }
    if has("man") {
        for page in &pages {
            let output = sandbox.command("man").args(["-l", "--warnings"]).arg(page).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", page.display());
        }
    }
    if has("mandoc") {
        let output = sandbox.command("mandoc").args(["-Tlint", "-Wwarning"]).args(&pages).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        // That pages have no date is meant.
        let lines: Vec<_> = said.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
}
