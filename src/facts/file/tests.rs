use std::fmt::Write as _;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{ImageConfig, ResolvedImage, Why};

use super::{FactsFileError, MAX_SIZE, RecordedFacts};

fn image(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn digest(fill: char) -> Digest {
    Digest::parse(&format!("sha256:{}", fill.to_string().repeat(64))).unwrap()
}

fn resolved(fill: char) -> ResolvedImage {
    ResolvedImage {
        digest: digest(fill),
        is_index: true,
        platforms: vec!["linux/amd64".to_owned(), "linux/arm64/v8".to_owned()],
    }
}

/// A file with these entries; `@a` stands for a whole digest of `a`s.
fn file(images: &str) -> String {
    let mut images = images.to_owned();
    for fill in ['a', 'b', 'c'] {
        images = images.replace(&format!("@{fill}"), digest(fill).as_str());
    }
    format!(r#"{{"schema": "harden-facts/1", "images": [{images}]}}"#)
}

fn parse(images: &str) -> RecordedFacts {
    RecordedFacts::parse(&file(images), "facts.json").unwrap_or_else(|error| panic!("{error}"))
}

fn refuse(text: &str) -> String {
    RecordedFacts::parse(text, "facts.json").expect_err(text).to_string()
}

#[test]
fn references_are_found_under_every_spelling() {
    let facts = parse(
        r#"{"ref": "node", "digest": "@a", "index": true, "platforms": ["linux/arm64/v8", "linux/amd64"]}"#,
    );
    for text in ["node", "node:latest", "docker.io/library/node", "index.docker.io/node:latest"] {
        assert_eq!(facts.resolved(&image(text)), Some(Ok(resolved('a'))), "{text}");
    }
    for text in ["node:22", "ghcr.io/library/node", "bitnami/node"] {
        assert_eq!(facts.resolved(&image(text)), None, "{text}");
    }
    let pinned = |fill| image("node:never-recorded").with_digest(&digest(fill));
    assert_eq!(facts.resolved(&pinned('a')), Some(Ok(resolved('a'))), "the digest decides, not the tag");
    assert_eq!(facts.resolved(&pinned('b')), None);
}

#[test]
fn a_configuration_belongs_to_the_digest() {
    let facts = parse(
        r#"{"ref": "app:1", "digest": "@a", "index": false, "tags": ["1.0"],
            "config": {"user": "10001", "env": ["A=1=2", "B="], "exposed_ports": ["9/tcp", "80/tcp"]}},
           {"ref": "app:2", "digest": "@b", "index": true}"#,
    );
    let config = facts.config(&image("app:1")).unwrap().unwrap();
    assert_eq!(config.user.as_deref(), Some("10001"));
    assert_eq!(config.env, [("A".to_owned(), "1=2".to_owned()), ("B".to_owned(), String::new())]);
    assert_eq!(config.exposed_ports, ["80/tcp", "9/tcp"], "sorted");
    for same in [image("app:1.0"), image("app").with_digest(&digest('a'))] {
        assert_eq!(facts.config(&same), Some(Ok(config.clone())), "{same}");
    }
    assert_eq!(facts.config(&image("app:2")), None);
    assert_eq!(facts.config(&image("other:1").with_digest(&digest('a'))), None, "another repository");
    assert!(!facts.resolved(&image("app:1")).unwrap().unwrap().is_index);
}

#[test]
fn a_partial_configuration_is_no_configuration() {
    let facts = parse(
        r#"{"ref": "app", "digest": "@a", "index": true, "config": {"partial": true, "cmd": ["run"]}}"#,
    );
    assert_eq!(facts.config(&image("app")), None, "no `user` would be taken as root");
    assert_eq!(facts.partial_config(&image("app")).unwrap().cmd, ["run"]);
    let whole = parse(r#"{"ref": "app", "digest": "@a", "index": true, "config": {"cmd": ["run"]}}"#);
    assert_eq!(whole.partial_config(&image("app")), None);
}

#[test]
fn failures_are_replayed() {
    let facts = parse(
        r#"{"ref": "gone:1", "unknown": {"code": "not-found", "message": "no such tag"}},
           {"ref": "odd:1", "unknown": {"code": "invented", "message": "odd"}},
           {"ref": "half:1", "digest": "@a", "index": true,
            "config_unknown": {"code": "timeout", "message": "slow"}}"#,
    );
    let gone = Why::new("not-found", "no such tag");
    assert_eq!(facts.resolved(&image("gone:1")), Some(Err(gone.clone())));
    assert_eq!(
        facts.config(&image("gone:1")),
        Some(Err(gone)),
        "what cannot be resolved has no configuration either"
    );
    assert_eq!(facts.resolved(&image("odd:1")), Some(Err(Why::new("recorded-failure", "odd"))));
    assert!(facts.resolved(&image("half:1")).unwrap().is_ok());
    assert_eq!(facts.config(&image("half:1")), Some(Err(Why::new("timeout", "slow"))));
    assert_eq!(facts.partial_config(&image("gone:1")), None);
}

#[test]
fn version_tags_come_from_the_same_repository_and_digest() {
    let facts = parse(
        r#"{"ref": "node:latest", "digest": "@a", "index": true, "tags": ["26", "26.5.0", "26.5.0-trixie"]},
           {"ref": "node:current", "digest": "@a", "index": true},
           {"ref": "node:22", "digest": "@b", "index": true},
           {"ref": "node:22.23.3", "digest": "@b", "index": true},
           {"ref": "node:lts-alpine", "digest": "@c", "index": true},
           {"ref": "other:26.5.1", "digest": "@a", "index": true}"#,
    );
    let tag = |text: &str, fill| facts.version_tag(&image(text), &digest(fill));
    let known = |text: &str| Some(Some(text.to_owned()));
    assert_eq!(tag("node", 'a'), known("26.5.0"));
    assert_eq!(tag("node:current", 'a'), known("26.5.0"));
    assert_eq!(tag("node:22", 'b'), known("22.23.3"));
    assert_eq!(tag("node:trixie", 'a'), known("26.5.0-trixie"));
    assert_eq!(tag("node:lts-alpine", 'c'), Some(None), "recorded, and no version has this digest");
    assert_eq!(tag("node:latest", 'c'), Some(None));
    assert_eq!(tag("other:latest", 'b'), None, "nothing recorded about this digest");
    assert_eq!(tag("third:latest", 'a'), None);
}

#[test]
fn files_round_trip_and_are_deterministic() {
    let facts = parse(
        r#"{"ref": "z.example/app:2", "unknown": {"code": "offline", "message": "…"}},
           {"ref": "node:24", "digest": "@b", "index": true, "platforms": ["linux/s390x", "linux/amd64", "linux/amd64"],
            "tags": ["24.19.0"], "config": {"partial": true, "user": "", "cmd": ["a b", "\u0000"], "shell": ["sh"]}},
           {"ref": "docker.io/localhost/app", "digest": "@a", "index": false, "config": {}},
           {"ref": "node@@c", "config_unknown": {"code": "timeout", "message": "m"}},
           {"ref": "node:lts", "digest": "@b", "index": true, "platforms": ["linux/amd64", "linux/s390x"]}"#,
    );
    let text = facts.to_json();
    assert!(text.ends_with("}\n") && !text.ends_with("\n\n"));
    let again = RecordedFacts::parse(&text, "again").unwrap();
    assert_eq!(again, facts);
    assert_eq!(again.to_json(), text);
    let refs: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("\"ref\": ")).collect();
    let pinned = format!("\"node@{}\",", digest('c'));
    let expected = [
        "\"node:24\",",
        "\"node:lts\",",
        &pinned,
        "\"docker.io/localhost/app:latest\",",
        "\"z.example/app:2\",",
    ];
    assert_eq!(refs, expected);
    // Each entry is complete: the configuration of a digest stands at both of its tags.
    assert_eq!(text.matches("\"partial\": true").count(), 2);

    let mut lines: Vec<_> =
        text.split("\n    {\n").skip(1).map(|entry| entry.split("\n    }").next().unwrap()).collect();
    lines.reverse();
    let reversed: Vec<_> = lines.iter().map(|entry| format!("{{{entry}}}")).collect();
    assert_eq!(parse(&reversed.join(",")).to_json(), text, "the order of the entries does not matter");
}

#[test]
fn recorded_answers_replay_as_given() {
    let mut facts = RecordedFacts::empty();
    assert!(facts.is_empty());
    let config = ImageConfig {
        user: Some("app".to_owned()),
        volumes: vec!["/b".to_owned(), "/a".to_owned()],
        ..ImageConfig::default()
    };
    facts.set_source("a test");
    facts.insert_resolved(&image("app"), Ok(resolved('a')));
    facts.insert_config(&image("app"), &digest('a'), Ok(config));
    facts.insert_tags(&image("app"), &digest('a'), ["1", "1.2.3", "not a tag", "latest"]);
    facts.insert_resolved(&image("gone"), Err(Why::new("my-code", "gone")));
    facts.insert_resolved(&image("pin").with_digest(&digest('b')), Ok(resolved('b')));
    facts.insert_resolved(&image("pin").with_digest(&digest('c')), Ok(resolved('b')));
    facts.insert_config(&image("pin"), &digest('b'), Err(Why::new("timeout", "slow")));

    let replay = RecordedFacts::parse(&facts.to_json(), "replay").unwrap();
    assert_eq!(replay, facts);
    assert_eq!(replay.source(), Some("a test"));
    assert_eq!(replay.version_tag(&image("app"), &digest('a')), Some(Some("1.2.3".to_owned())));
    assert_eq!(replay.config(&image("app:1")).unwrap().unwrap().volumes, ["/a", "/b"]);
    assert_eq!(replay.resolved(&image("gone")), Some(Err(Why::new("recorded-failure", "gone"))));
    assert_eq!(replay.resolved(&image("pin").with_digest(&digest('b'))), Some(Ok(resolved('b'))));
    assert_eq!(
        replay.resolved(&image("pin").with_digest(&digest('c'))),
        None,
        "an answer about another digest"
    );
}

#[test]
fn a_tag_that_moves_leaves_its_old_digest() {
    let mut facts = RecordedFacts::empty();
    facts.insert_resolved(&image("app:stable"), Ok(resolved('a')));
    facts.insert_resolved(&image("app:1"), Ok(resolved('a')));
    facts.insert_resolved(&image("app:1"), Ok(resolved('b')));
    facts.insert_tags(&image("app"), &digest('a'), ["1"]);
    assert_eq!(
        facts.version_tag(&image("app:stable"), &digest('a')),
        Some(None),
        "asked for itself, 1 is elsewhere"
    );
    assert_eq!(facts.version_tag(&image("app:stable"), &digest('b')), Some(Some("1".to_owned())));
    assert_eq!(RecordedFacts::parse(&facts.to_json(), "again").unwrap(), facts);
}

#[test]
fn a_later_recording_wins_unless_it_failed() {
    let mut facts = parse(
        r#"{"ref": "a:1", "digest": "@a", "index": true, "config": {"user": "1"}},
           {"ref": "b:1", "digest": "@a", "index": true},
           {"ref": "c:1", "unknown": {"code": "offline", "message": ""}}"#,
    );
    facts.merge(parse(
        r#"{"ref": "a:1", "digest": "@a", "index": true, "config": {"partial": true}},
           {"ref": "b:1", "unknown": {"code": "rate-limited", "message": ""}},
           {"ref": "c:1", "digest": "@c", "index": true},
           {"ref": "d:1", "digest": "@c", "index": true}"#,
    ));
    assert_eq!(facts.config(&image("a:1")).unwrap().unwrap().user.as_deref(), Some("1"));
    assert_eq!(facts.resolved(&image("b:1")).unwrap().unwrap().digest, digest('a'));
    assert_eq!(facts.resolved(&image("c:1")).unwrap().unwrap().digest, digest('c'));
    assert!(facts.resolved(&image("d:1")).is_some());
    facts.merge(parse(r#"{"ref": "a:1", "digest": "@b", "index": true, "config": {"user": "2"}}"#));
    assert_eq!(facts.config(&image("a:1")).unwrap().unwrap().user.as_deref(), Some("2"));
    assert_eq!(facts.version_tag(&image("a"), &digest('a')), Some(None), "the tag has moved");
    let copy = facts.clone();
    facts.merge(copy.clone());
    assert_eq!(facts, copy);
}

#[test]
fn repeated_entries_must_agree() {
    let a = r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"user": "1"}}"#;
    assert_eq!(parse(&format!("{a}, {a}")), parse(a));
    for (second, fact) in [
        (
            r#"{"ref": "docker.io/library/x:1", "digest": "@b", "index": true}"#,
            "the digest of docker.io/library/x:1",
        ),
        (r#"{"ref": "x:1", "unknown": {"code": "offline", "message": ""}}"#, "the digest of x:1"),
        (r#"{"ref": "x:2", "digest": "@b", "index": true, "tags": ["1"]}"#, "the digest of x:2"),
        (r#"{"ref": "x:2", "digest": "@a", "index": false}"#, "the platforms of x:2"),
        (r#"{"ref": "x:2", "digest": "@a", "index": true, "platforms": ["a/b"]}"#, "the platforms of x:2"),
        (r#"{"ref": "x:2", "digest": "@a", "index": true, "config": {}}"#, "the configuration of x:2"),
    ] {
        let message = refuse(&file(&format!("{a}, {second}")));
        assert!(
            message.contains(&format!("facts.json gives {fact} twice, with different answers")),
            "{message}"
        );
    }
    let failures = r#"{"ref": "x:1", "unknown": {"code": "offline", "message": "m"}},
                      {"ref": "x:1", "unknown": {"code": "timeout", "message": "m"}}"#;
    assert!(refuse(&file(failures)).contains("gives the failure of x:1 twice"));
}

#[test]
fn malformed_entries_are_named() {
    for (entry, expected) in [
        (r#"{"ref": "Node", "digest": "@a", "index": true}"#, "`ref` \"Node\": upper-case 'N' at byte 0"),
        (r#"{"ref": "", "digest": "@a", "index": true}"#, "`ref` \"\": the image reference is empty"),
        (
            r#"{"ref": "x:1", "digest": "sha256:12", "index": true}"#,
            "`x:1`: `digest`: the sha256 digest has 2 hex",
        ),
        (r#"{"ref": "x:1", "digest": "@A", "index": true}"#, "`x:1`: `digest`: no digest"),
        (r#"{"ref": "x:1", "digest": "@a"}"#, "`x:1`: `index` is missing"),
        (r#"{"ref": "x@@a", "platforms": ["linux/amd64"]}"#, "`index` is missing"),
        (r#"{"ref": "x:1"}"#, "`x:1`: it has neither `digest` nor `unknown`"),
        (r#"{"ref": "x@@a", "digest": "@b", "index": true}"#, "`digest` is not the digest in `ref`"),
        (
            r#"{"ref": "x:1", "digest": "@a", "index": true, "platforms": ["amd64"]}"#,
            "platform \"amd64\" is not",
        ),
        (
            r#"{"ref": "x:1", "digest": "@a", "index": true, "platforms": ["windows(10)/amd64"]}"#,
            "is not written",
        ),
        (r#"{"ref": "x:1", "digest": "@a", "index": true, "tags": ["a b"]}"#, "`tags` holds \"a b\""),
        (
            r#"{"ref": "x:1", "digest": "@a", "unknown": {"code": "c", "message": ""}}"#,
            "`unknown` stands beside facts",
        ),
        (r#"{"ref": "x@@a", "unknown": {"code": "c", "message": ""}}"#, "use `config_unknown`"),
        (
            r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {}, "config_unknown": {"code": "", "message": ""}}"#,
            "both `config` and `config_unknown`",
        ),
        (r#"{"ref": "x:1", "digest": "@a", "index": "yes"}"#, "invalid type: string, expected a boolean"),
        (
            r#"{"ref": "x:1", "digest": "@a", "indices": 1}"#,
            "unknown field `indices`, expected one of `ref`, `digest`",
        ),
        (r#"{"digest": "@a", "index": true}"#, "missing field `ref`"),
        (r#"{"ref": "x:1", "ref": "x:1"}"#, "duplicate field `ref`"),
        (
            r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"env": ["A"]}}"#,
            "not written `NAME=value`",
        ),
    ] {
        let message = refuse(&file(entry));
        assert!(message.contains(expected), "{entry}\n{message}");
        assert!(message.starts_with("facts.json:1:"), "{message}");
        assert!(message.ends_with("correct the facts file or record it again"), "{message}");
    }
}

#[test]
fn places_are_line_and_column() {
    let place = |text: &str| refuse(text).split(": ").next().map(str::to_owned);
    let is = |text: &str| Some(text.to_owned());
    let text = "{\n \"schema\": \"harden-facts/1\",\n \"images\": [\n  {\"ref\": \"A\"},\n  {}\n ]\n}";
    assert_eq!(place(text), is("facts.json:5:2"), "behind the entry, which the message names");
    assert_eq!(place(&text.replace("\"A\"", "1")), is("facts.json:4:11"), "at the value");
    assert_eq!(place("{\n\n  oops"), is("facts.json:3:3"));
    assert_eq!(place(""), is("facts.json:1:0"));
}

#[test]
fn values_never_reach_a_message() {
    for entry in [
        r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"env": "TOKEN=hunter2"}}"#,
        r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"env": ["hunter2"]}}"#,
        r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"env": ["=hunter2"]}}"#,
        r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"cmd": "\", expected \"hunter2"}}"#,
        r#"{"ref": "x:1", "digest": "@a", "index": "hunter2"}"#,
        r#"{"ref": "https://user:hunter2@example.com/x"}"#,
        r#"{"ref": "user:hunter2@example.com/x"}"#,
    ] {
        let message = refuse(&file(entry));
        assert!(!message.contains("hunter2"), "{message}");
    }
    let number = r#"{"ref": "x:1", "digest": "@a", "index": true, "config": {"env": [20240607]}}"#;
    assert!(refuse(&file(number)).contains("invalid type: integer, expected a string"));
}

#[test]
fn other_versions_and_other_files_are_told_apart() {
    let newer = r#"{"schema": "harden-facts/2", "images": [{"ref": "x", "score": 1}], "cache": {}}"#;
    let message = refuse(newer);
    assert!(message.contains("version 2 of its format and this harden reads `harden-facts/1`"), "{message}");
    assert!(message.contains("update harden"), "{message}");
    assert!(refuse(r#"{"schema": "harden-facts/0", "images": []}"#).contains("version 0"));
    for text in [
        r#"{"images": []}"#,
        r#"{"schema": 1}"#,
        r#"{"schema": "other/1", "images": []}"#,
        r#"{"name": "x"}"#,
    ] {
        assert!(refuse(text).contains("facts.json is no facts file"), "{text}: {}", refuse(text));
    }
    assert!(refuse("3").contains("invalid type: integer, expected an object with `schema` and `images`"));
    assert!(refuse(r#"{"schema": "harden-facts/1"}"#).contains("missing field `images`"));
    assert!(RecordedFacts::parse(&format!("\u{feff}{}", file("")), "bom").unwrap().is_empty());
    let deep = format!(r#"{{"schema": "harden-facts/2", "x": {}"#, "[".repeat(1_000_000));
    assert!(refuse(&deep).contains("unknown field `x`"), "deep nesting ends in an error, not in the stack");
}

#[test]
fn files_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facts.json");
    let missing = RecordedFacts::load(&path).unwrap_err();
    assert!(
        matches!(&missing, FactsFileError::Read { .. }) && missing.to_string().contains("check the path")
    );
    assert!(std::error::Error::source(&missing).is_some());
    assert!(matches!(RecordedFacts::load(folder.path()), Err(FactsFileError::Read { .. })));

    std::fs::write(&path, file(r#"{"ref": "x", "digest": "@a", "index": true}"#)).unwrap();
    assert!(RecordedFacts::load(&path).unwrap().resolved(&image("x")).is_some());
    std::fs::write(&path, b"{\"schema\": \"\xff\"}").unwrap();
    let latin = RecordedFacts::load(&path).unwrap_err().to_string();
    assert!(latin.contains("is not UTF-8 at byte 12") && latin.contains("facts.json"), "{latin}");
    std::fs::File::create(&path).unwrap().set_len(MAX_SIZE + 1).unwrap();
    let large = RecordedFacts::load(&path).unwrap_err().to_string();
    assert!(large.contains("larger than 64 MiB"), "{large}");
}

#[test]
fn files_belong_to_the_digest_and_are_written_back() {
    let facts = parse(
        r#"{"ref": "app:1", "digest": "@a", "index": true, "tags": ["1.0"],
            "files": {"platform": "linux/amd64", "users": ["root:0:0:/root:/bin/sh", "app:1000:1000::"],
                      "groups": ["app:1000:root,app"], "os_release": {"ID": "alpine"},
                      "tools": {"/bin/sh": "/bin/busybox"}}},
           {"ref": "app:2", "digest": "@b", "index": true, "files_unknown": {"code": "too-large", "message": "m"}},
           {"ref": "app:3", "digest": "@c", "index": true}"#,
    );
    let files = facts.files(&image("app:1")).unwrap().unwrap();
    assert_eq!((files.users[1].uid, files.groups[0].members.len()), (1000, 2));
    assert!(files.is_busybox("sh") && files.os_release["ID"] == "alpine");
    for same in [image("app:1.0"), image("app").with_digest(&digest('a'))] {
        assert_eq!(facts.files(&same), Some(Ok(files.clone())), "{same}");
    }
    assert_eq!(facts.files(&image("app:2")), Some(Err(Why::new("too-large", "m"))));
    assert_eq!(facts.files(&image("app:3")), None);
    assert_eq!(facts.config(&image("app:1")), None);
    assert_eq!(RecordedFacts::parse(&facts.to_json(), "again").unwrap(), facts);
}

#[test]
fn a_failure_to_read_files_never_replaces_them() {
    let known = r#"{"ref": "app", "digest": "@a", "index": true, "files": {}}"#;
    let failed = r#"{"ref": "app", "digest": "@a", "index": true, "files_unknown": {"code": "timeout", "message": "m"}}"#;
    for (first, second, is_known) in
        [(known, failed, true), (failed, known, true), (failed, failed, false), (known, known, true)]
    {
        let mut facts = parse(first);
        facts.merge(parse(second));
        assert_eq!(facts.files(&image("app")).unwrap().is_ok(), is_known);
    }
    let both = known.replace("{}}", r#"{}, "files_unknown": {"code": "timeout", "message": "m"}}"#);
    assert!(refuse(&file(&both)).contains("`files_unknown`"));
    let unknown =
        r#"{"ref": "app", "unknown": {"code": "timeout", "message": "m"}, "files": {"tools": {"/a": "/b"}}}"#;
    assert!(refuse(&file(unknown)).contains("`unknown`"));
    assert!(refuse(&file(&format!("{known}, {failed}"))).contains("the files"));
}

#[test]
fn ten_thousand_images_are_read_and_found() {
    fn shared<T: Send + Sync>() {}
    shared::<RecordedFacts>();
    let mut entries = String::new();
    for number in 0..10_000 {
        let separator = if number == 0 { "" } else { "," };
        let digest = format!("sha256:{number:064x}");
        write!(
            entries,
            r#"{separator}{{"ref": "r{}:1.{number}", "digest": "{digest}", "index": true}}"#,
            number % 100
        )
        .unwrap();
    }
    let facts = parse(&entries);
    for number in (0..10_000).step_by(7) {
        let image = image(&format!("r{}:1.{number}", number % 100));
        assert_eq!(facts.resolved(&image).unwrap().unwrap().digest.hex(), format!("{number:064x}"));
    }
}

mod examples {
    use super::*;

    const TEXT: &str = include_str!("../../../examples/facts.json");

    #[test]
    fn the_recorded_official_images_are_a_facts_file() {
        let facts =
            RecordedFacts::parse(TEXT, "examples/facts.json").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(facts.to_json(), TEXT, "sorted as harden writes it");
        assert!(facts.source().is_some_and(|source| source.contains("repo-info") && source.contains("2026")));
        assert_eq!(TEXT.matches("\"ref\"").count(), 51);
    }

    #[test]
    fn floating_official_tags_have_versions_where_one_is_recorded() {
        let facts = RecordedFacts::parse(TEXT, "examples/facts.json").unwrap();
        for (text, version) in [
            ("node:lts", Some("24")),
            ("node", None),
            ("alpine", Some("3.24")),
            ("golang:latest", Some("1.26")),
            ("rust:slim", None),
            ("debian:bookworm-slim", None),
        ] {
            let image = image(text);
            let found = facts.resolved(&image).unwrap().unwrap();
            assert!(found.is_index && found.platforms.contains(&"linux/amd64".to_owned()), "{text}");
            assert_eq!(facts.version_tag(&image, &found.digest), Some(version.map(str::to_owned)), "{text}");
            // The record was made from image histories, which do not prove what an image lacks.
            assert_eq!(facts.config(&image), None, "{text}");
        }
        assert_eq!(facts.partial_config(&image("nginx")).unwrap().exposed_ports, ["80/tcp"]);
    }
}
