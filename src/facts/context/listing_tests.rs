use std::fs;

use tempfile::TempDir;

use super::super::BuildContext;
use super::*;
use harden_core::Answer;

fn context(files: &[&str], ignore: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    for path in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    if !ignore.is_empty() {
        fs::write(dir.path().join(".dockerignore"), ignore).unwrap();
    }
    dir
}

fn listed(dir: &TempDir, folder: &str) -> std::sync::Arc<ContextListing> {
    match BuildContext::open(dir.path(), None).unwrap().listing(folder) {
        Answer::Known(listing) => listing,
        other => panic!("{folder}: {other:?}"),
    }
}

/// `a/` folder, `a` file, `a@` anything else; ` …` when it is not everything.
fn short(dir: &TempDir, folder: &str) -> String {
    let listing = listed(dir, folder);
    let mut words: Vec<_> = listing
        .entries
        .iter()
        .map(|entry| match entry.kind {
            ListedKind::Directory => format!("{}/", entry.path),
            ListedKind::File => entry.path.clone(),
            ListedKind::Other => format!("{}@", entry.path),
        })
        .collect();
    if !listing.complete {
        words.push("…".to_owned());
    }
    words.join(" ")
}

fn code(dir: &TempDir, folder: &str) -> &'static str {
    match BuildContext::open(dir.path(), None).unwrap().listing(folder) {
        Answer::Unknown(why) => why.code,
        other => panic!("{folder}: {other:?}"),
    }
}

#[test]
fn everything_below_a_folder_sorted_by_path() {
    let dir = context(&["b.txt", "a/z", "a/b/c", "a-b"], "");
    for root in ["", ".", "/", "./a/.."] {
        assert_eq!(short(&dir, root), "a/ a-b a/b/ a/b/c a/z b.txt", "{root:?}");
    }
    assert_eq!(short(&dir, "a"), "a/b/ a/b/c a/z");
    assert_eq!(short(&dir, "./a/b/"), "a/b/c");
    assert_eq!(code(&dir, "absent"), "not-found");
    assert_eq!(short(&dir, "b.txt"), "b.txt", "a file lists itself");
}

#[test]
fn what_dockerignore_leaves_out_is_not_listed() {
    let files = ["dist/app.js", "dist/keep/x.js", "dist/other/deep/y.js", "src/a.log", "src/a.js", "gone/x"];
    let dir = context(&files, "dist\n!dist/keep\n**/*.log\ngone\n.dockerignore\n");
    assert_eq!(short(&dir, "."), "dist/ dist/keep/ dist/keep/x.js src/ src/a.js");
    assert_eq!(short(&dir, "dist"), "dist/keep/ dist/keep/x.js");
    assert_eq!(code(&dir, "gone"), "ignored-by-dockerignore");
    // An exception with a wildcard makes the client look everywhere.
    let dir = context(&["a/b/c.txt", "a/b/d.md", "e/f.md"], "*\n!**/*.txt\n");
    assert_eq!(short(&dir, "."), "a/ a/b/ a/b/c.txt");
    let dir = context(&["a"], "[bad\n");
    assert_eq!(code(&dir, "."), "bad-dockerignore");
}

#[test]
fn answers_are_kept() {
    let dir = context(&["a"], "");
    let context = BuildContext::open(dir.path(), None).unwrap();
    let first = context.listing(".");
    fs::write(dir.path().join("b"), "x").unwrap();
    assert_eq!(context.listing("."), first);
}

#[test]
fn a_guess_is_told_of() {
    let dir = context(&["a"], "");
    let context = BuildContext::open(dir.path(), None).unwrap().guessed();
    assert!(matches!(context.listing("."), Answer::Known(listing) if listing.guessed));
    assert!(matches!(context.source("a"), Answer::Known(source) if source.guessed));
    assert!(!listed(&dir, ".").guessed);
}

#[test]
fn a_listing_stops_at_whole_folders() {
    let dir = context(&["a/x", "z/y"], "");
    fs::create_dir(dir.path().join("m")).unwrap();
    for index in 0..ENTRY_LIMIT {
        fs::File::create(dir.path().join("m").join(index.to_string())).unwrap();
    }
    assert_eq!(short(&dir, "."), "a/ a/x m/ z/ …", "the folder that does not fit is left out whole");
    let listing = listed(&dir, "m");
    assert_eq!((listing.entries.len(), listing.complete), (ENTRY_LIMIT, true));
}

#[test]
fn depth_is_bounded() {
    let dir = TempDir::new().unwrap();
    let deep = vec!["d"; DEPTH_LIMIT + 4].join("/");
    fs::create_dir_all(dir.path().join(deep)).unwrap();
    let listing = listed(&dir, ".");
    assert_eq!((listing.entries.len(), listing.complete), (DEPTH_LIMIT + 1, false));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn modes_are_those_of_the_disk() {
        let dir = context(&["a", "d/b"], "");
        let set = |path: &str, mode: u32| {
            fs::set_permissions(dir.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        set("a", 0o4640);
        set("d", 0o1700);
        let listing = listed(&dir, ".");
        let modes: Vec<_> =
            listing.entries.iter().map(|entry| (entry.path.as_str(), entry.mode.unwrap())).collect();
        assert_eq!(modes[..2], [("a", 0o4640), ("d", 0o1700)]);
        set("d", 0o700);
    }

    #[test]
    fn links_are_listed_and_not_followed() {
        let dir = context(&["real/a"], "");
        for (link, target) in
            [("to-dir", "real"), ("outside", "/etc"), ("dangling", "nowhere"), ("real/up", "..")]
        {
            symlink(target, dir.path().join(link)).unwrap();
        }
        assert_eq!(short(&dir, "."), "dangling@ outside@ real/ real/a real/up@ to-dir@");
        assert!(
            listed(&dir, ".")
                .entries
                .iter()
                .all(|entry| { (entry.kind == ListedKind::Other) == entry.mode.is_none() })
        );
        assert_eq!(short(&dir, "to-dir"), "to-dir/a to-dir/up@", "as a source reaches it");
        assert_eq!(code(&dir, "outside"), "not-found", "never outside the context");
    }

    #[test]
    fn special_files_are_not_opened() {
        let dir = context(&["a"], "");
        let made = Command::new("mkfifo").arg(dir.path().join("pipe")).status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("mkfifo is not available: nothing was checked");
            return;
        }
        assert_eq!(short(&dir, "."), "a pipe@");
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_told_of() {
        let dir = context(&["shut/a", "b"], "");
        fs::set_permissions(dir.path().join("shut"), fs::Permissions::from_mode(0o000)).unwrap();
        let is_refused = fs::read_dir(dir.path().join("shut")).is_err();
        let answer = short(&dir, ".");
        fs::set_permissions(dir.path().join("shut"), fs::Permissions::from_mode(0o700)).unwrap();
        if !is_refused {
            eprintln!("this user may read everything: nothing was checked");
            return;
        }
        assert_eq!(answer, "b shut/ …");
    }
}
