//! Reading of manifests.

use super::*;

fn names(text: &str, files: &[&str]) -> Vec<(String, bool)> {
    let manifest = read(text).expect("a manifest");
    manifest.programs(files).into_iter().map(|one| (one.name, one.optional)).collect()
}

fn sure(name: &str) -> (String, bool) {
    (name.to_owned(), false)
}

#[test]
fn programs_are_found_by_their_files() {
    let text = "[package]\nname = \"my-app\"\nedition = \"2021\"\n";
    let files =
        ["src/main.rs", "src/bin/tool.rs", "src/bin/other/main.rs", "src/bin/other/part.rs", "src/lib.rs"];
    assert_eq!(names(text, &files), [sure("my-app"), sure("tool"), sure("other")]);
    assert_eq!(names(text, &["src/lib.rs"]), []);
    let off = format!("{text}autobins = false\n");
    assert_eq!(names(&off, &files), []);
    assert_eq!(names("[workspace]\nmembers = []\n", &files), []);
}

#[test]
fn declared_programs() {
    let text = "[package]\nname = \"app\"\nedition = \"2021\"\n[[bin]]\nname = \"server\"\npath = \"./src/main.rs\"\n\
                [[bin]]\nname = \"admin\"\nrequired-features = [\"admin\"]\n";
    let files = ["src/main.rs", "src/bin/admin.rs"];
    assert_eq!(names(text, &files), [sure("server"), ("admin".to_owned(), true)]);
    // Before edition 2018 a declared program switches off the search.
    let old = "[package]\nname = \"app\"\n[[bin]]\nname = \"server\"\npath = \"src/server.rs\"\n";
    assert_eq!(names(old, &["src/main.rs", "src/server.rs"]), [sure("server")]);
    let inherited =
        "[package]\nname = \"app\"\nedition.workspace = true\n[[bin]]\nname = \"x\"\npath = \"src/x.rs\"\n";
    assert_eq!(names(inherited, &["src/main.rs", "src/x.rs"]), [sure("x"), sure("app")]);
}

#[test]
fn what_else_manifests_say() {
    let text = "[package]\nname = \"a\"\n[lib]\ncrate-type = [\"cdylib\"]\n[dependencies]\nb = { path = \"../b\" }\n\
                rusqlite = { version = \"0.31\", features = [\"bundled\"] }\n[target.'cfg(unix)'.dependencies]\nc.path = \"c\"\n";
    let manifest = read(text).expect("a manifest");
    assert!(manifest.shared && manifest.own_sqlite && !manifest.workspace);
    assert_eq!(manifest.paths, ["../b", "c"]);
    let optional =
        "[dependencies]\nrusqlite = { version = \"0.31\", optional = true, features = [\"bundled\"] }\n";
    assert!(!read(optional).expect("a manifest").own_sqlite);
}

#[test]
fn settings_of_a_project() {
    let text = "[build]\ntarget = \"x86_64-unknown-linux-musl\"\ntarget-dir = \"out\"\nrustflags = [\"-C\", \"x\"]\n\
                [target.x86_64-unknown-linux-musl]\nrustflags = \"-C target-feature=-crt-static\"\n\
                [source.vendored-sources]\ndirectory = \"vendor\"\n";
    let read = settings(text).expect("settings");
    assert_eq!(read.target, Some(Ok("x86_64-unknown-linux-musl".to_owned())));
    assert_eq!((read.target_dir.as_deref(), read.vendored.as_deref()), (Some("out"), Some("vendor")));
    assert_eq!(read.flags, "-C x -C target-feature=-crt-static ");
    assert_eq!(settings("[build]\ntarget = [\"a\", \"b\"]\n").and_then(|read| read.target), Some(Err(())));
}

#[test]
fn lock_files() {
    let text =
        "version = 3\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"b 1.0.0\", \"c\"]\n";
    let needs = vec!["b".to_owned(), "c".to_owned()];
    assert_eq!(lock(text), Some(vec![Locked { name: "a".to_owned(), needs }]));
}

#[test]
fn hostile_texts() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!("[package]\nname = \"a\"\n{}", "[[bin]]\nname = \"b\"\n".repeat(10_000));
    for text in
        ["", "[", "package = 1", "[package]\nname = 1", "[[bin]]\nname = []", "bin = 3", "\0", deep.as_str()]
    {
        let _ = read(text);
        let _ = lock(text);
        let _ = settings(text);
    }
    assert_eq!(read(&wide).expect("a manifest").programs(&[]).len(), 10_000);
}
