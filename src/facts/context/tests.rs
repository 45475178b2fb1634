use std::fs;
use std::io::Write;

use tempfile::TempDir;

use super::tar::tests::archive;
use super::*;

/// A context directory with files of the given content.
fn context(files: &[(&str, &[u8])]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (path, content) in files {
        put(&dir, path, content);
    }
    dir
}

fn put(dir: &TempDir, path: &str, content: &[u8]) {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn open(dir: &TempDir) -> BuildContext {
    BuildContext::open(dir.path(), None).unwrap()
}

fn found(context: &BuildContext, source: &str) -> ContextSource {
    match context.source(source) {
        Answer::Known(found) => found,
        other => panic!("{source}: {other:?}"),
    }
}

/// The answer in short: `path` plain, `path/` directory, `path=gzip`, `path?code`, `path!`; `#` when ignored.
fn short(context: &BuildContext, source: &str) -> String {
    let found = found(context, source);
    let mut words: Vec<String> = found
        .entries
        .iter()
        .map(|entry| match &entry.kind {
            EntryKind::Directory => format!("{}/", entry.path),
            EntryKind::Archive { compression } => format!("{}={compression}", entry.path),
            EntryKind::PlainFile => entry.path.clone(),
            EntryKind::Unclassified(why) => format!("{}?{}", entry.path, why.code),
            EntryKind::Special => format!("{}!", entry.path),
        })
        .collect();
    if found.ignored {
        words.push("#".to_owned());
    }
    words.join(" ")
}

fn code<T: std::fmt::Debug>(answer: Answer<T>) -> &'static str {
    match answer {
        Answer::Unknown(why) => why.code,
        other => panic!("{other:?}"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_context_is_a_directory() {
    let dir = context(&[("file", b"")]);
    for path in ["file", "absent", "file/below"] {
        let why = BuildContext::open(&dir.path().join(path), None).unwrap_err();
        assert_eq!(why.code, "no-context", "{path}");
    }
}

#[test]
fn it_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<BuildContext>();
}

#[test]
fn content_decides_not_the_name() {
    let tar = archive("inside", b"hello");
    let dir = context(&[
        ("app.tar", b"no tar at all"),
        ("app.bin", &tar),
        ("app.tgz", &gzip(&tar)),
        ("notes.gz", &gzip(b"notes")),
        ("app.jar", b"PK\x03\x04"),
        ("empty.tar", b""),
        ("zero.tar", &[0; 10_240]),
        ("dir/inner.tar", &tar),
    ]);
    let context = open(&dir);
    assert_eq!(short(&context, "app.tar"), "app.tar");
    assert_eq!(short(&context, "app.bin"), "app.bin=tar");
    assert_eq!(short(&context, "app.tgz"), "app.tgz=gzip");
    assert_eq!(short(&context, "notes.gz"), "notes.gz");
    assert_eq!(short(&context, "app.jar"), "app.jar");
    assert_eq!(short(&context, "empty.tar"), "empty.tar");
    assert_eq!(short(&context, "zero.tar"), "zero.tar");
    assert_eq!(short(&context, "dir"), "dir/");
    assert_eq!(short(&context, "absent"), "");
    assert_eq!(short(&context, "app.tar/below"), "");
    assert_eq!(
        short(&context, "*"),
        "app.bin=tar app.jar app.tar app.tgz=gzip dir/ empty.tar notes.gz zero.tar"
    );
}

#[test]
fn sources_begin_at_the_context_root() {
    let dir = context(&[("a/b.txt", b"b"), (".dockerignore", b"*")]);
    let all = context(&[("a/b.txt", b"b")]);
    for source in ["", ".", "./", "/", "..", "a/..", "/../../"] {
        assert_eq!(short(&open(&dir), source), "./", "{source:?}");
    }
    let context = open(&all);
    for source in [
        "a/b.txt",
        "/a/b.txt",
        "./a/b.txt",
        "../a/b.txt",
        "a//b.txt",
        "a/./b.txt",
        "a/b.txt/",
        "x/../a/b.txt",
    ] {
        assert_eq!(short(&context, source), "a/b.txt", "{source:?}");
    }
    assert_eq!(short(&context, "a/"), "a/");
    #[cfg(target_os = "linux")]
    assert_eq!(short(&context, "A/b.txt"), "");
}

#[test]
fn the_file_beside_the_dockerfile_wins() {
    let dir =
        context(&[("a", b""), ("b", b""), (".dockerignore", b"a\n"), ("docker/Web.Dockerfile", b"FROM x")]);
    let dockerfile = dir.path().join("docker/Web.Dockerfile");
    let open = || BuildContext::open(dir.path(), Some(&dockerfile)).unwrap();
    assert_eq!((short(&open(), "a"), short(&open(), "b")), ("#".to_owned(), "b".to_owned()));

    put(&dir, "docker/Web.Dockerfile.dockerignore", b"b\n");
    assert_eq!((short(&open(), "a"), short(&open(), "b")), ("a".to_owned(), "#".to_owned()));

    put(&dir, "docker/Web.Dockerfile.dockerignore", b"");
    assert_eq!((short(&open(), "a"), short(&open(), "b")), ("a".to_owned(), "b".to_owned()));
}

#[test]
fn ignored_files_are_not_there() {
    let dir = context(&[
        (
            ".dockerignore",
            b"\xef\xbb\xbf# build output\r\ndist\r\n!dist/keep\r\n**/*.log\r\nempty\r\nDockerfile\r\n",
        ),
        ("dist/app.js", b""),
        ("dist/keep/x.js", b""),
        ("empty/x", b""),
        ("src/a.log", b""),
        ("src/a.js", b""),
        ("Dockerfile", b"FROM scratch"),
    ]);
    let context = open(&dir);
    assert_eq!(short(&context, "dist"), "dist/", "it holds something that is sent");
    assert_eq!(short(&context, "dist/app.js"), "#");
    assert_eq!(short(&context, "dist/keep"), "dist/keep/");
    assert_eq!(short(&context, "dist/keep/x.js"), "dist/keep/x.js");
    assert_eq!(short(&context, "dist/*"), "dist/keep/ #");
    assert_eq!(short(&context, "empty"), "#");
    assert_eq!(short(&context, "empty/*"), "#");
    assert_eq!(short(&context, "Dockerfile"), "#");
    assert_eq!(short(&context, "src/*"), "src/a.js #");
    assert_eq!(short(&context, "absent.log"), "");
    assert_eq!(short(&context, "*"), ".dockerignore dist/ src/ #");
    assert_eq!(context.exists("src/a.log"), Answer::Known(false));
    assert_eq!(context.exists("src"), Answer::Known(true));
}

#[test]
fn a_dockerignore_that_cannot_be_honoured_is_no_answer() {
    let dir = context(&[(".dockerignore", b"ok\n[bad\n"), ("a", b"")]);
    let context = open(&dir);
    let Answer::Unknown(why) = context.source("a") else { panic!("an answer") };
    assert_eq!(why.code, "bad-dockerignore");
    assert!(why.message.contains("line 2"), "{why}");
    assert_eq!(code(context.text("a")), "bad-dockerignore");
    assert_eq!(short(&context, "."), "./", "the root is there all the same");

    let dir = self::context(&[(".dockerignore/x", b""), ("a", b"")]);
    assert_eq!(short(&open(&dir), "a"), "a", "a directory of that name is passed over");
}

#[test]
fn wildcards_are_matched_by_component() {
    let tar = archive("inside", b"x");
    let dir = context(&[
        ("a/one.tar", &tar),
        ("b/one.tar", b"text"),
        ("b/deep/one.tar", &tar),
        ("c/[x].txt", b""),
        ("c/x.txt", b""),
        (".hidden", b""),
    ]);
    let context = open(&dir);
    assert_eq!(short(&context, "*/one.tar"), "a/one.tar=tar b/one.tar");
    assert_eq!(short(&context, "*/*/one.tar"), "b/deep/one.tar=tar");
    assert_eq!(short(&context, "b/**"), "b/deep/ b/one.tar", "two stars are one");
    assert_eq!(short(&context, "**/one.tar"), "a/one.tar=tar b/one.tar");
    assert_eq!(short(&context, "[ab]/*"), "a/one.tar=tar b/deep/ b/one.tar");
    assert_eq!(short(&context, "c/[[]x].txt"), "c/[x].txt");
    assert_eq!(short(&context, "c/\\[?].txt"), "c/[x].txt");
    assert_eq!(short(&context, "c/[x].txt"), "c/x.txt", "a class, not a name");
    assert_eq!(short(&context, "./*/../a/*"), "a/one.tar=tar", "cleaned by text first");
    assert_eq!(short(&context, ".h*"), ".hidden");
    assert_eq!(short(&context, "?"), "a/ b/ c/");
    assert_eq!(short(&context, "absent/*"), "");
    assert_eq!(short(&context, ".hidden/*"), "");
    assert_eq!(short(&context, "z*"), "");
    assert_eq!(short(&context, "a[^x]one.tar"), "a/one.tar=tar", "a class may match a slash, as in Go");
    assert_eq!(code(context.source("a[")), "bad-pattern");
    assert_eq!(code(context.source("a\\*")), "escaped-source");
}

#[test]
fn a_thousand_matches_are_sorted() {
    let dir = TempDir::new().unwrap();
    for index in 0..1000 {
        fs::write(dir.path().join(format!("{index:04}.txt")), "x").unwrap();
    }
    let entries = found(&open(&dir), "*.txt").entries;
    assert_eq!(entries.len(), 1000);
    assert!(entries.is_sorted_by(|a, b| a.path < b.path));
    assert!(entries.iter().all(|entry| entry.kind == EntryKind::PlainFile));
}

#[test]
fn too_many_files_are_no_answer() {
    let dir = TempDir::new().unwrap();
    for index in 0..10_001 {
        fs::File::create(dir.path().join(index.to_string())).unwrap();
    }
    put(&dir, "sub/a.txt", b"");
    let context = open(&dir);
    assert_eq!(code(context.source("*.txt")), "too-many-files");
    assert_eq!(short(&context, "sub/*"), "sub/a.txt", "only what has to be searched counts");
    assert_eq!(short(&context, "17"), "17");
}

#[test]
fn texts_are_bounded_and_utf8() {
    let dir = context(&[
        ("app/package.json", b"{}"),
        ("latin1", b"caf\xe9"),
        ("secret.env", b"x"),
        (".dockerignore", b"*.env"),
        ("exact", &vec![b'x'; 1 << 20]),
        ("large", &vec![b'x'; (1 << 20) + 1]),
    ]);
    let context = open(&dir);
    assert_eq!(context.text("./app/package.json"), Answer::Known("{}".into()));
    assert!(matches!(context.text("exact"), Answer::Known(text) if text.len() == 1 << 20));
    assert_eq!(code(context.text("large")), "too-large");
    assert_eq!(code(context.text("latin1")), "not-utf8");
    assert_eq!(code(context.text("secret.env")), "ignored-by-dockerignore");
    assert_eq!(code(context.text("absent")), "not-found");
    assert_eq!(code(context.text("app")), "not-a-file");
    assert_eq!(code(context.text(".")), "not-a-file");
}

#[test]
fn answers_are_kept() {
    let dir = context(&[("a", b"one"), ("b", b"two")]);
    let context = open(&dir);
    assert_eq!(short(&context, "a"), "a");
    assert_eq!(context.text("a"), Answer::Known("one".into()));
    put(&dir, "a", &archive("x", b""));
    assert_eq!(short(&context, "a"), "a");
    assert_eq!(short(&context, "?"), "a b", "the probe of a file is kept too");
    assert_eq!(context.text("a"), Answer::Known("one".into()));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    fn link(dir: &TempDir, target: &str, path: &str) {
        symlink(target, dir.path().join(path)).unwrap();
    }

    #[test]
    fn links_are_followed_inside_the_context() {
        let tar = archive("inside", b"x");
        let dir = context(&[("real/app.tar", &tar), ("real/deep/x.txt", b"text"), ("etc/passwd", b"ours")]);
        link(&dir, "real/app.tar", "app");
        link(&dir, "real", "dir");
        link(&dir, "/real/app.tar", "absolute");
        link(&dir, "../../../../etc/passwd", "climbing");
        link(&dir, "/etc/hostname", "outside");
        link(&dir, "../app.tar", "real/deep/up");
        link(&dir, "app", "twice");
        let context = open(&dir);
        assert_eq!(short(&context, "app"), "app=tar");
        assert_eq!(short(&context, "twice"), "twice=tar");
        assert_eq!(short(&context, "dir"), "dir/");
        assert_eq!(short(&context, "dir/app.tar"), "dir/app.tar=tar");
        assert_eq!(short(&context, "dir/deep/up"), "dir/deep/up=tar");
        assert_eq!(short(&context, "absolute"), "absolute=tar", "absolute targets begin at the context root");
        assert_eq!(short(&context, "climbing"), "climbing", "`..` stops at the context root");
        assert_eq!(context.text("climbing"), Answer::Known("ours".into()));
        assert_eq!(short(&context, "outside"), "", "never a file outside the context");
        assert_eq!(short(&context, "dir/*"), "dir/app.tar=tar dir/deep/");
        assert_eq!(short(&context, "*/app.tar"), "real/app.tar=tar", "wildcards do not descend into links");
        assert_eq!(short(&context, "outsid?"), "outside?dangling-link");
        assert_eq!(short(&context, "a*"), "absolute=tar app=tar");
    }

    #[test]
    fn loops_and_dangling_links_end() {
        let dir = context(&[("x/y", b"")]);
        link(&dir, "loop", "loop");
        link(&dir, "pong", "ping");
        link(&dir, "ping", "pong");
        link(&dir, "absent", "dangling");
        link(&dir, ".", "here");
        let context = open(&dir);
        for source in ["loop", "loop/x", "ping"] {
            assert_eq!(code(context.source(source)), "too-many-links", "{source}");
        }
        assert_eq!(short(&context, "dangling"), "");
        assert_eq!(short(&context, "here/here/here/x/y"), "here/here/here/x/y");
        assert_eq!(short(&context, "p*"), "ping?too-many-links pong?too-many-links");
        assert_eq!(short(&context, "*/y"), "x/y");
    }

    #[test]
    fn a_parent_behind_a_chain_of_links_is_not_guessed_at() {
        let dir = context(&[("sub/dir/x", b""), ("sub/c", b""), ("c", &archive("x", b""))]);
        link(&dir, "l2", "l1");
        link(&dir, "sub/dir", "l2");
        link(&dir, "../c", "sub/dir/up");
        let context = open(&dir);
        assert_eq!(short(&context, "l2/up"), "l2/up");
        assert_eq!(code(context.source("l1/up")), "too-many-links");
    }

    #[test]
    fn links_meet_dockerignore() {
        let dir = context(&[("real/a", b""), ("hidden/a", b""), (".dockerignore", b"hidden\nnolink\n")]);
        link(&dir, "hidden/a", "to-hidden");
        link(&dir, "real/a", "nolink");
        link(&dir, "real", "dir");
        let context = open(&dir);
        assert_eq!(short(&context, "to-hidden"), "#");
        assert_eq!(short(&context, "to-*"), "to-hidden?ignored-by-dockerignore");
        assert_eq!(short(&context, "nolink"), "#");
        assert_eq!(short(&context, "nolin?"), "#");
        assert_eq!(short(&context, "dir/a"), "dir/a");
    }

    #[test]
    fn a_dockerignore_behind_a_link_stays_in_the_context() {
        let dir = context(&[("ctx/a", b""), ("ctx/rules", b"a"), ("outside", b"a")]);
        let answer = |target: &str| {
            let path = dir.path().join("ctx/.dockerignore");
            let _ = fs::remove_file(&path);
            symlink(target, path).unwrap();
            short(&BuildContext::open(&dir.path().join("ctx"), None).unwrap(), "a")
        };
        assert_eq!(answer("rules"), "#");
        assert_eq!(answer("../outside"), "a", "the builder does not find it");
    }

    #[test]
    fn pipes_and_devices_are_never_opened() {
        let dir = context(&[("a", b"")]);
        let made = Command::new("mkfifo").arg(dir.path().join("pipe")).status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("mkfifo is not available: nothing was checked");
            return;
        }
        link(&dir, "pipe", "to-pipe");
        let context = open(&dir);
        assert_eq!(short(&context, "pipe"), "pipe!");
        assert_eq!(short(&context, "*"), "a pipe! to-pipe!");
        assert_eq!(code(context.text("pipe")), "not-a-file");

        fs::rename(dir.path().join("pipe"), dir.path().join(".dockerignore")).unwrap();
        assert_eq!(short(&open(&dir), "a"), "a", "nor is one that is called .dockerignore");
    }

    #[test]
    fn names_that_are_not_utf8_are_not_dropped() {
        let dir = context(&[("a.txt", b"")]);
        let odd = dir.path().join(OsStr::from_bytes(b"odd\xff.tar"));
        if fs::write(&odd, archive("x", b"")).is_err() {
            eprintln!("this file system has UTF-8 names only: nothing was checked");
            return;
        }
        let context = open(&dir);
        assert_eq!(short(&context, "*.tar"), "odd\u{fffd}.tar?non-utf8-name");
        assert_eq!(short(&context, "odd?.tar"), "odd\u{fffd}.tar?non-utf8-name");
        assert_eq!(short(&context, "*.txt"), "a.txt");
    }

    #[test]
    fn unreadable_files_are_not_plain() {
        let dir = context(&[("closed", b"x"), ("shut/a", b"x"), ("open", b"x")]);
        fs::set_permissions(dir.path().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(dir.path().join("shut"), fs::Permissions::from_mode(0o000)).unwrap();
        let is_refused = fs::read(dir.path().join("closed")).is_err();
        let context = open(&dir);
        let answers = (
            short(&context, "closed"),
            context.source("shut/a"),
            context.source("shut/*"),
            context.text("closed"),
        );
        fs::set_permissions(dir.path().join("shut"), fs::Permissions::from_mode(0o700)).unwrap();
        if !is_refused {
            eprintln!("this user may read everything: nothing was checked");
            return;
        }
        assert_eq!(answers.0, "closed?unreadable");
        assert_eq!(
            (code(answers.1), code(answers.2), code(answers.3)),
            ("unreadable", "unreadable", "unreadable")
        );
    }

    #[test]
    fn a_root_that_is_a_link_is_a_context() {
        let dir = context(&[("real/a", b"")]);
        link(&dir, "real", "ctx");
        link(&dir, "../a", "real/up");
        let context = BuildContext::open(&dir.path().join("ctx"), None).unwrap();
        assert_eq!(short(&context, "a"), "a");
        assert_eq!(short(&context, "up"), "up");
        assert_eq!(short(&context, "?"), "a");
    }
}

#[cfg(unix)]
#[path = "buildkit_tests.rs"]
mod buildkit;
