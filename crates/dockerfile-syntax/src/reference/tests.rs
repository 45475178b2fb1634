use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Digest, Reference, ReferenceError as E};

fn parse(text: &str) -> Reference {
    Reference::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn sha(fill: char) -> String {
    format!("sha256:{}", fill.to_string().repeat(64))
}

#[test]
fn spelling_is_kept_and_names_are_normalised() {
    for (text, name, domain, path, familiar) in [
        ("node", "node", "docker.io", "library/node", "node"),
        ("docker.io/node:22", "docker.io/node", "docker.io", "library/node", "node:22"),
        (
            "index.docker.io/library/node:22",
            "index.docker.io/library/node",
            "docker.io",
            "library/node",
            "node:22",
        ),
        ("docker.io/bitnami/redis", "docker.io/bitnami/redis", "docker.io", "bitnami/redis", "bitnami/redis"),
        ("library/distros/a", "library/distros/a", "docker.io", "library/distros/a", "library/distros/a"),
        ("localhost/app", "localhost/app", "localhost", "app", "localhost/app"),
        ("[::1]:5000/app:v1", "[::1]:5000/app", "[::1]:5000", "app", "[::1]:5000/app:v1"),
        ("ghcr.io/o/app:v1", "ghcr.io/o/app", "ghcr.io", "o/app", "ghcr.io/o/app:v1"),
        ("Host/app", "Host/app", "Host", "app", "Host/app"),
        ("host:5000", "host", "docker.io", "library/host", "host:5000"),
        (
            "registry-1.docker.io/library/a",
            "registry-1.docker.io/library/a",
            "registry-1.docker.io",
            "library/a",
            "registry-1.docker.io/library/a",
        ),
    ] {
        let image = parse(text);
        assert_eq!(image.as_written(), text);
        assert_eq!(image.to_string(), text);
        assert_eq!((image.name(), image.domain(), image.path()), (name, domain, path), "{text}");
        assert_eq!(image.familiar(), familiar, "{text}");
        assert_eq!(image.repository(), format!("{domain}/{path}"));
        assert_eq!(image.is_docker_hub(), domain == "docker.io");
        assert_eq!(parse(image.canonical()), image, "canonical form reads back as the same image");
        assert_eq!(parse(image.familiar()), image, "familiar form reads back as the same image");
    }
}

#[test]
fn a_host_with_an_underscore_stays_in_the_path() {
    let image = parse("my_host.example/app:1");
    assert_eq!((image.domain(), image.path(), image.tag()), ("", "my_host.example/app", Some("1")));
    assert_eq!(image.canonical(), "my_host.example/app:1");
    assert_eq!(image.repository(), "my_host.example/app");
    assert!(!image.is_docker_hub());
    // With a port there is no second reading.
    assert_eq!(Reference::parse("my_host:5000/app"), Err(E::Host { offset: 2 }));
}

#[test]
fn equality_order_and_hash_follow_the_canonical_form() {
    let same = [parse("node:22"), parse("docker.io/node:22"), parse("index.docker.io/library/node:22")];
    let hashes = same.iter().map(|image| {
        let mut hasher = DefaultHasher::new();
        image.hash(&mut hasher);
        hasher.finish()
    });
    assert_eq!(hashes.collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(same.iter().collect::<BTreeSet<_>>().len(), 1);
    assert_ne!(parse("node"), parse("node:latest"));
    assert!(parse("zzz") < parse("quay.io/a"), "docker.io/library/zzz sorts before quay.io/a");
}

#[test]
fn tag_and_digest_come_apart_and_together() {
    let (a, b) = (Digest::parse(&sha('a')).unwrap(), Digest::parse(&sha('b')).unwrap());
    let plain = parse("docker.io/node");
    assert_eq!((plain.tag(), plain.tag_or_latest(), plain.digest()), (None, "latest", None));

    let pinned = plain.with_tag("22").unwrap().with_digest(&a);
    assert_eq!(pinned.as_written(), format!("docker.io/node:22@{a}"));
    assert_eq!(pinned.canonical(), format!("docker.io/library/node:22@{a}"));
    assert_eq!((pinned.tag(), pinned.digest()), (Some("22"), Some(&a)));
    assert_eq!(pinned.with_digest(&b).as_written(), format!("docker.io/node:22@{b}"));
    assert_eq!(pinned.with_tag("24").unwrap().as_written(), format!("docker.io/node:24@{a}"));
    assert_eq!(pinned.without_digest().as_written(), "docker.io/node:22");
    for made in [&pinned, &pinned.without_digest(), &plain.with_digest(&a)] {
        let read = parse(made.as_written());
        assert_eq!(&read, made);
        assert_eq!((read.name(), read.tag(), read.digest()), (made.name(), made.tag(), made.digest()));
    }

    assert_eq!(plain.with_tag(""), Err(E::EmptyTag { offset: 15 }));
    assert_eq!(plain.with_tag("a@b"), Err(E::TagCharacter { offset: 16, found: '@' }));
    assert_eq!(plain.with_tag(&"a".repeat(129)), Err(E::TagTooLong { offset: 15, length: 129 }));
}

#[test]
fn every_error_names_its_place() {
    let long = format!("a/{}", "b".repeat(254));
    let long_tag = format!("a:{}", "b".repeat(129));
    let id = "0123456789abcdef".repeat(4);
    let short = "a@sha256:ffff".to_owned();
    let upper = format!("a@{}", sha('A'));
    let md5 = format!("a@md5:{}", "f".repeat(32));
    for (text, error) in [
        ("", E::Empty),
        (&id, E::ImageId),
        ("https://example.com/app", E::Url),
        (":tag", E::MissingName { offset: 0 }),
        ("@sha256:00", E::MissingName { offset: 0 }),
        ("bitnami/", E::MissingName { offset: 8 }),
        ("a//b", E::MissingName { offset: 2 }),
        ("-a.io/b", E::Host { offset: 0 }),
        ("a..io/b", E::Host { offset: 2 }),
        ("a.io:/b", E::Host { offset: 5 }),
        ("a.io:80x/b", E::Host { offset: 7 }),
        ("[::1/b", E::Host { offset: 0 }),
        ("[]:5000/b", E::Host { offset: 1 }),
        ("[fe80::1%eth0]:5000/b", E::Host { offset: 8 }),
        ("[::1]x:1/b", E::Host { offset: 5 }),
        ("Node", E::Uppercase { offset: 0, found: 'N' }),
        ("quay.io/Team/app", E::Uppercase { offset: 8, found: 'T' }),
        ("no$de", E::NameCharacter { offset: 2, found: '$' }),
        ("caf\u{e9}", E::NameCharacter { offset: 3, found: '\u{e9}' }),
        ("a b", E::NameCharacter { offset: 1, found: ' ' }),
        ("_a/b", E::Separator { offset: 0 }),
        ("a___b", E::Separator { offset: 1 }),
        ("a.-b/c:1", E::Host { offset: 2 }),
        ("b/a.-b", E::Separator { offset: 3 }),
        ("b/a-", E::Separator { offset: 3 }),
        (&long, E::NameTooLong { length: 256 }),
        ("a:", E::EmptyTag { offset: 2 }),
        ("a:.b", E::TagCharacter { offset: 2, found: '.' }),
        ("a:b:c", E::TagCharacter { offset: 3, found: ':' }),
        ("a:b/c", E::Host { offset: 2 }),
        ("a:$b", E::TagCharacter { offset: 2, found: '$' }),
        (&long_tag, E::TagTooLong { offset: 2, length: 129 }),
        ("a@", E::DigestSyntax { offset: 2 }),
        ("a@digest", E::DigestSyntax { offset: 2 }),
        (&md5, E::DigestAlgorithm { offset: 2 }),
        (&short, E::DigestLength { offset: 9, algorithm: "sha256", expected: 64, found: 4 }),
        (&upper, E::DigestCharacter { offset: 9, found: 'A' }),
        ("a@sha256:fg", E::DigestCharacter { offset: 10, found: 'g' }),
        ("a@b@c", E::DigestSyntax { offset: 2 }),
    ] {
        let found = Reference::parse(text).expect_err(text);
        assert_eq!(found, error, "{text}");
        let message = found.to_string();
        assert!(message.len() > 25 && !message.ends_with('.'), "{message}");
        if let Some(offset) = found.offset() {
            assert!(text.is_char_boundary(offset), "{text}: {offset}");
        }
    }
}

#[test]
fn messages_say_what_to_do() {
    let message = |text: &str| Reference::parse(text).unwrap_err().to_string();
    assert_eq!(message("$BASE"), "`$` at byte 0: variables have to be expanded before the reference is read");
    assert_eq!(message("Node"), "upper-case 'N' at byte 0; repository names are lower case, like `team/app`");
    assert_eq!(message("a@sha256:ff"), "the sha256 digest has 2 hex digits; it must have 64");
    assert!(!message("https://user:hunter2@example.com/app").contains("hunter2"));
    assert!(!message("user:hunter2@example.com/app").contains("hunter2"));
}

#[test]
fn digests() {
    let text = sha('0');
    let digest: Digest = text.parse().unwrap();
    assert_eq!(
        (digest.algorithm(), digest.hex(), digest.as_str()),
        ("sha256", "0".repeat(64).as_str(), text.as_str())
    );
    assert_eq!(digest.to_string(), text);
    for (algorithm, length) in [("sha384", 96), ("sha512", 128)] {
        let text = format!("{algorithm}:{}", "a".repeat(length));
        assert_eq!(Digest::parse(&text).unwrap().algorithm(), algorithm);
        assert!(Digest::parse(&text[..text.len() - 1]).is_err());
    }
    assert_eq!(Digest::parse(""), Err(E::DigestSyntax { offset: 0 }));
    assert_eq!(Digest::parse("sha256"), Err(E::DigestSyntax { offset: 0 }));
    assert_eq!(Digest::parse(":00"), Err(E::DigestAlgorithm { offset: 0 }));
    assert_eq!(Digest::parse("SHA256:00"), Err(E::DigestAlgorithm { offset: 0 }));
    let wrong = format!("{text}0");
    let error = E::DigestLength { offset: 7, algorithm: "sha256", expected: 64, found: 65 };
    assert_eq!(Digest::parse(&wrong), Err(error));
}
