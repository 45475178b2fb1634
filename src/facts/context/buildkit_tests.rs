//! Builds `ADD <source> /out/` with the builder of this machine and compares what arrived with the answer.
//!
//! Runs where `tests/builder` has found or started a Docker with buildx.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::super::tar::tests::archive;
use super::*;

/// A member no other file is called.
const MEMBER: &str = "extracted-member";

struct Case {
    files: &'static [&'static str],
    /// `(link, target)`
    links: &'static [(&'static str, &'static str)],
    ignore: &'static str,
    sources: &'static [&'static str],
}

/// Names decide the content: see [`content`].
const TREE: &[&str] = &[
    "a/one.tar",
    "a/two.txt",
    "b/one.txt",
    "b/deep/one.tar",
    "b/deep/x.txt",
    "c.gz",
    "c.tgz",
    "c.bz2",
    "d.zip",
    "e.empty",
    "f.zero",
    "g.cut",
    "h.tail",
    "i.bzh",
    "j.lzma",
    "k.globalpax",
    "docs/README.md",
    "docs/secret.md",
    "docs/sub/note.md",
    "[x].txt",
    "x.txt",
];

const CASES: &[Case] = &[
    Case {
        files: TREE,
        links: &[
            ("to-tar", "a/one.tar"),
            ("to-dir", "b"),
            ("abs", "/a/two.txt"),
            ("climb", "../../../a/one.tar"),
            ("outside", "/etc/hostname"),
            ("b/up", "../a/two.txt"),
            ("twice", "to-tar"),
            ("dangling", "nowhere"),
        ],
        ignore: "",
        sources: &[
            "a/one.tar",
            "a/two.txt",
            "a",
            "a/",
            "a/*",
            "*/one.*",
            "b/*",
            "b/deep/*",
            "*/*/*.tar",
            "c.gz",
            "c.tgz",
            "c.bz2",
            "d.zip",
            "e.empty",
            "f.zero",
            "g.cut",
            "h.tail",
            "i.bzh",
            "j.lzma",
            "k.globalpax",
            "[[]x].txt",
            "[x].txt",
            "?.txt",
            "nowhere",
            "nowhere*",
            "to-tar",
            "to-dir",
            "to-dir/one.txt",
            "to-dir/*.txt",
            "to-dir/deep/one.tar",
            "abs",
            "climb",
            "outside",
            "b/up",
            "to-dir/up",
            "twice",
            "dangling",
            "dangl*",
            "t[ow]*-tar",
            "*/up",
            "a/two.txt/",
            "../a/two.txt",
            "/a/../b/one.txt",
            ".",
            "a[^x]two.txt",
            "**/one.txt",
            "a/one.tar/x",
            "[a-c].gz",
            "\\x.txt*",
        ],
    },
    Case {
        files: TREE,
        links: &[("to-docs", "docs/secret.md"), ("hidden-link", "docs/README.md")],
        ignore: "\u{feff}# comment\r\n/docs/*\r\n! docs/README.md\r\nb\r\n!b/deep/x.txt\r\n*.gz\r\nhidden-link\r\n #x\n",
        sources: &[
            "docs",
            "docs/README.md",
            "docs/secret.md",
            "docs/sub",
            "docs/sub/note.md",
            "docs/*",
            "b",
            "b/one.txt",
            "b/deep",
            "b/deep/x.txt",
            "b/deep/*",
            "b/*",
            "*.gz",
            "c.gz",
            "c.*",
            "to-docs",
            "hidden-link",
            "hidden-*",
            ".",
        ],
    },
    // The client carries what matched the parents; see `ignore.rs`.
    Case { files: TREE, links: &[], ignore: "a/two.txt\n!a\n", sources: &["a/two.txt", "a/one.tar", "a/*"] },
    Case { files: TREE, links: &[], ignore: "b\n!b/*/**\n", sources: &["b/deep/x.txt", "b", "b/deep"] },
    Case {
        files: TREE,
        links: &[],
        ignore: "b\n!b/*/**\n!*.keep\n",
        sources: &["b/deep/x.txt", "b/one.txt", "b"],
    },
    Case {
        files: TREE,
        links: &[],
        ignore: "**\n!docs/**\n",
        sources: &["docs", "docs/sub/note.md", "a", "x.txt"],
    },
    Case {
        files: TREE,
        links: &[],
        ignore: "**/*.md\n!**/README*\n",
        sources: &["docs/README.md", "docs/secret.md", "docs/*"],
    },
    Case {
        files: TREE,
        links: &[],
        ignore: "*\n!a/one.tar\n",
        sources: &["a", "a/one.tar", "a/two.txt", "*", "a/*", "b"],
    },
    Case {
        files: TREE,
        links: &[],
        ignore: "a**/*.txt\n[^d]*/deep\n",
        sources: &["a/two.txt", "b/deep", "docs/sub", "b/one.txt"],
    },
    Case {
        files: &["ruled", "x.txt"],
        links: &[(".dockerignore", "ruled")],
        ignore: "",
        sources: &["ruled", "x.txt"],
    },
    Case {
        files: &["ruled", "x.txt"],
        links: &[(".dockerignore", "/../ruled")],
        ignore: "",
        sources: &["ruled", "x.txt"],
    },
    Case {
        files: &["ruled", "x.txt"],
        links: &[(".dockerignore", "/etc/hosts")],
        ignore: "",
        sources: &["ruled", "x.txt"],
    },
    Case { files: TREE, links: &[], ignore: "x.{txt,md}\n\\[x].txt\n", sources: &["x.txt", "[[]x].txt"] },
];

fn content(path: &str) -> Vec<u8> {
    let tar = archive(MEMBER, path.as_bytes());
    let bzip2 = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "tar" => tar,
        "gz" => gzip(path.as_bytes()),
        "tgz" => gzip(&tar),
        "bz2" => bzip2(&tar),
        "zip" => b"PK\x03\x04".to_vec(),
        "empty" => Vec::new(),
        "zero" => vec![0; 10_240],
        "cut" => gzip(&tar)[..30].to_vec(),
        "tail" => [gzip(b"text"), b"garbage".to_vec()].concat(),
        "bzh" => b"BZh is no bzip2".to_vec(),
        "lzma" => b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0".to_vec(),
        "globalpax" => [super::super::tar::tests::header("g", b'g', 0).to_vec(), tar].concat(),
        _ => path.as_bytes().to_vec(),
    }
}

/// The names below `/out`, or nothing when the build failed.
fn build(context: &Path, source: &str) -> Option<BTreeSet<String>> {
    let work = TempDir::new().unwrap();
    let dockerfile = work.path().join("Dockerfile");
    let text = format!("FROM scratch\nADD {}\n", serde_json::to_string(&[source, "/out/"]).unwrap());
    fs::write(&dockerfile, text).unwrap();
    let out = work.path().join("image");
    let done = Command::new("docker")
        .args(["buildx", "build", "-q", "--output"])
        .arg(format!("type=local,dest={}", out.display()))
        .arg("-f")
        .arg(&dockerfile)
        .arg(context)
        .output()
        .unwrap();
    let names =
        |dir: fs::ReadDir| dir.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    done.status.success().then(|| fs::read_dir(out.join("out")).map(names).unwrap_or_default())
}

/// What should arrive, when the answer says so for sure.
fn expected(found: &ContextSource) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in &found.entries {
        match &entry.kind {
            EntryKind::Archive { .. } => drop(names.insert(MEMBER.to_owned())),
            EntryKind::PlainFile => drop(names.insert(entry.path.rsplit('/').next()?.to_owned())),
            EntryKind::Directory => {}
            _ => return None,
        }
    }
    Some(names)
}

#[test]
fn agrees_with_buildkit() {
    if std::env::var_os("HARDEN_BUILDER").is_none() {
        eprintln!("skipped: no builder; tests/builder starts one");
        return;
    }
    let mut report = Vec::new();
    let (mut compared, mut open_questions) = (0, 0);
    for (index, case) in CASES.iter().enumerate() {
        let dir = TempDir::new().unwrap();
        for path in case.files {
            put(&dir, path, &content(path));
        }
        for (path, target) in case.links {
            symlink(target, dir.path().join(path)).unwrap();
        }
        if !case.ignore.is_empty() {
            put(&dir, ".dockerignore", case.ignore.as_bytes());
        }
        let context = open(&dir);
        for source in case.sources {
            let built = build(dir.path(), source);
            let Answer::Known(found) = context.source(source) else {
                eprintln!("case {index}, {source}: no answer; the builder: {built:?}");
                open_questions += 1;
                continue;
            };
            let has_directory = found.entries.iter().any(|entry| entry.kind == EntryKind::Directory);
            let agrees = match (&built, expected(&found)) {
                _ if found.entries.is_empty() => built.as_ref().is_none_or(BTreeSet::is_empty),
                (None, Some(_)) => false,
                (Some(built), Some(expected)) if has_directory => built.is_superset(&expected),
                (Some(built), Some(expected)) => *built == expected,
                (_, None) => {
                    eprintln!("case {index}, {source}: {}; the builder: {built:?}", short(&context, source));
                    open_questions += 1;
                    continue;
                }
            };
            compared += 1;
            if !agrees {
                report.push(format!(
                    "case {index}, {source}: {:?}; the builder: {built:?}",
                    short(&context, source)
                ));
            }
        }
    }
    eprintln!("{compared} sources compared, {open_questions} without a sure answer");
    assert!(report.is_empty(), "{}", report.join("\n"));
    assert!(compared > 80, "{compared}");
}
