//! What the sources say a program needs besides itself.
//!
//! They are read by their words, not compiled: a word in a comment counts, too, which only makes the answer more careful.

use std::collections::BTreeSet;

use harden_core::Why;

use super::super::super::view::View;

/// Files that are read. Of a larger project nothing is said.
const MAX_SOURCES: usize = 600;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that was seen")]
pub(super) struct Sources {
    /// Programs that it starts, by the name in the call.
    pub(super) runs: BTreeSet<String>,
    /// It starts programs whose names only it knows.
    pub(super) runs_any: bool,
    /// It makes temporary files.
    pub(super) temporary: bool,
    /// It finds out the content type of files by their names.
    pub(super) content_types: bool,
    /// What it looks for in a distribution: `user.Lookup`, `"/etc/`.
    pub(super) system: Option<&'static str>,
    /// It reads `testdata`.
    pub(super) testdata: bool,
    /// Why not all of it is known.
    pub(super) unread: Option<Why>,
}

/// Words of programs that make temporary files.
const TEMPORARY: [&str; 8] =
    ["CreateTemp", "FormFile", "MkdirTemp", "MultipartForm", "TempDir", "TempFile", "multipart", "\"/tmp"];

/// Words of programs that look for what a distribution has.
const SYSTEM: [&str; 14] = [
    "\"os/user\"",
    "UserHomeDir",
    "UserCacheDir",
    "UserConfigDir",
    "\"HOME\"",
    "\"/bin/",
    "\"/etc/",
    "\"/home/",
    "\"/lib",
    "\"/root/",
    "\"/sbin/",
    "\"/usr/",
    "\"/var/",
    "runtime.GOROOT",
];

/// Files that the runtime of containers provides, or that are copied anyway.
const PROVIDED: [&str; 4] =
    ["\"/etc/hosts\"", "\"/etc/hostname\"", "\"/etc/resolv.conf\"", "\"/etc/ssl/certs/ca-certificates.crt\""];

/// Reads the sources below these folders.
pub(super) fn read(view: &View<'_, '_>, roots: &BTreeSet<String>) -> Sources {
    let mut sources = Sources::default();
    let files = match view.files() {
        Ok(files) => files,
        Err(why) => return Sources { unread: Some(why), ..sources },
    };
    let mut seen = BTreeSet::new();
    let mut packages = 0_usize;
    for root in roots {
        for (path, _) in files.below(root) {
            if !is_compiled(path) || !seen.insert(format!("{root}/{path}")) {
                continue;
            }
            if seen.len() > MAX_SOURCES {
                let why = Why::new("sources-unread", "the project has more sources than are read");
                return Sources { unread: Some(why), ..sources };
            }
            let Ok(text) = view.text(&harden_core::image_path::resolve(root, path)) else {
                let why = Why::new("sources-unread", format!("`{path}` could not be read"));
                return Sources { unread: Some(why), ..sources };
            };
            packages += usize::from(has_package(&text.text));
            scan(&text.text, &mut sources);
        }
    }
    if packages == 0 {
        sources.unread = Some(Why::new("sources-unread", "the build context has no Go code of the project"));
    }
    sources
}

/// Whether a file is part of a program for Linux, as far as its name tells (`go help packages`, build constraints).
fn is_compiled(path: &str) -> bool {
    const OTHER: [&str; 10] = [
        "_test", "_windows", "_darwin", "_freebsd", "_openbsd", "_netbsd", "_plan9", "_js", "_wasip1",
        "_solaris",
    ];
    let Some(stem) = path.strip_suffix(".go") else { return false };
    let folders = || path.split('/').rev().skip(1);
    !OTHER.iter().any(|end| stem.ends_with(end)) && !folders().any(|one| one == "testdata" || one == "vendor")
}

fn has_package(text: &str) -> bool {
    text.lines().any(|line| line.trim_start_matches('\u{feff}').starts_with("package "))
}

/// Calls that look up a content type, in `/etc/mime.types` after a table of Go's own (package mime, `TypeByExtension`).
const CONTENT_TYPES: [&str; 5] = ["FileServer", "ServeContent", "ServeFile", "TypeByExtension", "http.Dir("];

/// Reads one file.
fn scan(text: &str, found: &mut Sources) {
    found.testdata |= text.contains("testdata");
    found.temporary |= TEMPORARY.iter().any(|word| text.contains(word));
    found.content_types |= CONTENT_TYPES.iter().any(|word| text.contains(word));
    if found.system.is_none() {
        found.system = SYSTEM.into_iter().find(|word| {
            text.match_indices(word).any(|(at, _)| {
                let rest = text.get(at..).unwrap_or_default();
                !PROVIDED.iter().any(|provided| rest.starts_with(provided))
            })
        });
    }
    found.runs_any |= ["StartProcess(", "syscall.Exec(", "unix.Exec(", "syscall.ForkExec("]
        .iter()
        .any(|word| text.contains(word));
    if text.contains("\"os/exec\"") {
        let before = (found.runs.len(), found.runs_any);
        starts(text, found);
        // It uses the package in a way that is not read here, or starts the same program again.
        found.runs_any |= before == (found.runs.len(), found.runs_any) && !text.contains(".Command");
    }
}

/// The programs that calls of `os/exec` name.
fn starts(text: &str, found: &mut Sources) {
    for (call, skip) in [("Command(", 0), ("CommandContext(", 1), ("LookPath(", 0)] {
        for (at, _) in text.match_indices(call) {
            // `rootCmd.AddCommand(` is another one.
            if !text.get(..at).is_some_and(|before| before.ends_with('.')) {
                continue;
            }
            let rest = text.get(at + call.len()..).unwrap_or_default();
            let line = rest.lines().next().unwrap_or_default();
            let argument = line.split(',').nth(skip).unwrap_or_default().trim();
            let name = argument.strip_prefix('"').and_then(|open| open.split_once('"'));
            match name {
                // What a script of the shell runs is not read.
                Some((name, _)) if !matches!(name, "" | "sh" | "bash" | "/bin/sh" | "/bin/bash") => {
                    found.runs.insert(name.to_owned());
                }
                _ => found.runs_any = true,
            }
        }
    }
    found.runs_any |= text.contains("exec.Cmd{");
}

#[cfg(test)]
mod tests {
    use super::{Sources, has_package, is_compiled, scan};

    fn of(text: &str) -> Sources {
        let mut found = Sources::default();
        scan(text, &mut found);
        found
    }

    #[test]
    fn started_programs_are_found() {
        let text = "import (\n\t\"os/exec\"\n)\nfunc f() { exec.Command(\"git\", \"status\"); exec.CommandContext(ctx, \"convert\") }";
        let found = of(text);
        assert_eq!(found.runs.iter().collect::<Vec<_>>(), ["convert", "git"]);
        assert!(!found.runs_any);
        for text in [
            "import \"os/exec\"\nexec.Command(name)",
            "import \"os/exec\"\nexec.Command(\n\"a\")",
            "import \"os/exec\"\nc := exec.Cmd{Path: p}",
            "import r \"os/exec\"\nr.Command(os.Args[0])",
            "import . \"os/exec\"\nvar _ Error",
            "syscall.Exec(path, nil, nil)",
            "import \"os/exec\"\nexec.Command(\"",
            "import \"os/exec\"\nexec.Command(\"sh\", \"-c\", script)",
        ] {
            assert!(of(text).runs_any, "{text}");
        }
        assert_eq!(of("package main\nfunc Command(a int) {}"), Sources::default());
    }

    #[test]
    fn what_a_distribution_has_is_found() {
        assert_eq!(of("os.ReadFile(\"/etc/mime.types\")").system, Some("\"/etc/"));
        assert_eq!(of("os.ReadFile(\"/etc/hosts\")").system, None);
        assert_eq!(of("os.ReadFile(\"/etc/hosts\"); os.Open(\"/etc/x\")").system, Some("\"/etc/"));
        assert!(of("r.FormFile(\"a\")").temporary);
        assert!(!of("http.ListenAndServe(\":80\", nil)").temporary);
    }

    #[test]
    fn only_code_for_linux_counts() {
        for (path, expected) in [
            ("main.go", true),
            ("main_test.go", false),
            ("a/b_windows.go", false),
            ("vendor/a/b.go", false),
            ("a/testdata/b.go", false),
            ("a/vendors.go", true),
            ("a.txt", false),
        ] {
            assert_eq!(is_compiled(path), expected, "{path}");
        }
        assert!(has_package("// x\r\npackage main\r\n"));
        assert!(!has_package(""));
    }
}
