use super::{Tag, TagKind, best_version};

#[test]
fn versions_are_taken_apart() {
    for (text, numbers, variant) in [
        ("22", &[22][..], &[][..]),
        ("v1.2.3", &[1, 2, 3], &[]),
        ("26.5.0-alpine3.22", &[26, 5, 0], &["alpine3.22"]),
        ("8.4-fpm-alpine", &[8, 4], &["fpm", "alpine"]),
        ("21.0.12.1_1-jre-noble", &[21, 0, 12, 1, 1], &["jre", "noble"]),
        ("2023.5.20240722.0", &[2023, 5, 20_240_722, 0], &[]),
        ("2.504.1-lts-jdk21", &[2, 504, 1], &["jdk21"]),
        ("1.20-dev", &[1, 20], &["dev"]),
        ("0", &[0], &[]),
        ("24.04", &[24, 4], &[]),
    ] {
        let tag = Tag::parse(text);
        assert_eq!(
            (tag.kind(), tag.numbers(), tag.variant()),
            (TagKind::Version, numbers, variant),
            "{text}"
        );
        assert!(!tag.is_prerelease(), "{text}");
        assert_eq!(tag.text(), text);
    }
}

#[test]
fn pre_releases_are_versions_and_marked() {
    for text in
        ["3.14.0rc1", "3.14.0a4", "18beta1", "1.0-rc.1", "9.0.0-preview", "2.0.0-alpha2-alpine", "27-ea-jdk"]
    {
        let tag = Tag::parse(text);
        assert!(tag.kind() == TagKind::Version && tag.is_prerelease(), "{text}: {tag:?}");
    }
    assert_eq!(Tag::parse("2.0.0-alpha2-alpine").variant(), ["alpine"]);
}

#[test]
fn calendar_versions_are_marked() {
    for (text, calendar) in [
        ("2026.01", true),
        ("2022", true),
        ("2022-CU14", true),
        ("26.04", false),
        ("20.26.1", false),
        ("1989", false),
    ] {
        let tag = Tag::parse(text);
        assert_eq!((tag.kind(), tag.is_calendar()), (TagKind::Version, calendar), "{text}");
    }
}

#[test]
fn floating_tags_keep_their_variant() {
    for (text, variant) in [
        ("latest", &[][..]),
        ("lts", &[]),
        ("stable-alpine", &["alpine"][..]),
        ("alpine", &["alpine"]),
        ("alpine3.22", &["alpine3.22"]),
        ("bookworm-slim", &["bookworm", "slim"]),
        ("latest-dev", &["dev"]),
        ("dev", &[]),
        ("fpm", &["fpm"]),
        ("nanoserver-ltsc2025", &["nanoserver", "ltsc2025"]),
    ] {
        let tag = Tag::parse(text);
        assert_eq!((tag.kind(), tag.variant()), (TagKind::Floating, variant), "{text}");
        assert!(tag.is_floating() && tag.numbers().is_empty());
    }
    for text in ["2022-latest", "9-nightly", "1.2.3-snapshot"] {
        assert!(Tag::parse(text).is_floating(), "{text}");
    }
}

#[test]
fn hashes_dates_and_numbers_are_no_versions() {
    for text in [
        "1a2b3c4",
        "4f5e6d7",
        "deadbeef",
        "1234567",
        "12345",
        "sha-1a2b3c4",
        "sha-abcdef1",
        "main-abc1234",
        "sha256-0a7108bf6c7bf5de370ffb1a3ed6be93d405b43ff159f681a8d18c0e2bc2e402.sig",
        "20260127",
        "trixie-20260101",
        "bookworm-20260101-slim",
        "RELEASE.2024-01-01T00-00-00Z",
        "pr-123",
        "alpine-3.22",
        "3d",
        "3a4",
        "12e4567",
        "1.2.x",
        "release-1.2.3",
        "99999999999",
        "1..2",
        "v",
        "-",
        "",
        "1.",
        "123456789012345678901234567890123456789012345678901234567890",
    ] {
        let tag = Tag::parse(text);
        let floating = text == "v";
        assert_eq!(tag.kind() == TagKind::Floating, floating, "{text}: {tag:?}");
        assert_ne!(tag.kind(), TagKind::Version, "{text}: {tag:?}");
        assert_eq!(best_version("docker.io/library/node", "latest", [text]), None, "{text}");
    }
}

/// The choice, which must be the same for every order of the candidates.
fn choose<'c>(repository: &str, asked: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let chosen = best_version(repository, asked, candidates.iter().copied());
    for at in 0..candidates.len() {
        let turned = candidates[at..].iter().chain(&candidates[..at]).rev().copied();
        assert_eq!(
            best_version(repository, asked, turned),
            chosen,
            "{asked} of {candidates:?}, turned at {at}"
        );
    }
    chosen
}

#[test]
fn the_best_version_is_the_most_specific_of_the_same_variant() {
    let node = "docker.io/library/node";
    for (asked, candidates, expected) in [
        ("latest", &["22", "22.23.3", "22.23"][..], Some("22.23.3")),
        ("latest", &["26.5", "26.5.0"], Some("26.5.0")),
        ("latest", &["2026.01", "26.5"], Some("26.5")),
        ("latest", &["2026.01.15", "26"], Some("26")),
        ("latest", &["2026.01", "2026"], Some("2026.01")),
        ("latest", &["v1.2.3", "1.2.3"], Some("1.2.3")),
        ("latest", &["v1.2.3", "1.2"], Some("v1.2.3")),
        ("latest", &["1a2b3c4", "20260101", "stable", "latest"], None),
        ("latest", &["26", "26.5.0-trixie"], Some("26")),
        ("latest", &["26-trixie", "26.5.0-trixie", "26.5.0-jdk-trixie"], Some("26.5.0-trixie")),
        ("latest", &["4.0.0-rc1", "4.0"], Some("4.0")),
        ("latest", &["4.0.0-rc1"], Some("4.0.0-rc1")),
        ("latest", &["26.5.0", "26.5.1"], Some("26.5.1")),
        ("latest", &["2022-latest"], None),
        ("lts", &["24", "24.19.0", "24.19.0-trixie"], Some("24.19.0")),
        ("lts-alpine", &["24.19.0", "24.19.0-alpine"], Some("24.19.0-alpine")),
        ("alpine", &["1.2.3-slim", "1.2.3-alpine3.20"], Some("1.2.3-alpine3.20")),
        ("alpine", &["1.2.3-alpine", "1.2.3-alpine3.20"], Some("1.2.3-alpine")),
        ("alpine", &["1.2-alpine", "1.2.3-alpine3.20"], Some("1.2.3-alpine3.20")),
        ("alpine", &["1.2.3", "1.2.3-slim", "1.2.3-alpine-slim"], None),
        ("alpine3.20", &["1.2.3-alpine3.20", "1.2.3-alpine3.2", "1.2.3-alpine"], Some("1.2.3-alpine3.20")),
        ("alpine3.20", &["1.2.3-alpine"], None),
        ("slim", &["1.2.3-alpine3.20"], None),
        ("bookworm", &["26.5.0", "26.5.0-bookworm"], Some("26.5.0-bookworm")),
        ("bookworm", &["26.5.0"], None),
        ("22", &["22", "22.23.3", "22.23.3-slim", "24.0.0.1"], Some("22.23.3")),
        ("22-alpine", &["22.23.3", "22.23.3-alpine"], Some("22.23.3-alpine")),
        ("22.23.3", &["22.23.3", "22"], Some("22.23.3")),
        ("22", &["22.23.3-slim"], None),
        ("sha-1a2b3c4", &["1.2.3"], None),
        ("20260101", &["1.2.3"], None),
        ("latest", &[], None),
    ] {
        assert_eq!(choose(node, asked, candidates), expected, "{asked} of {candidates:?}");
    }
}

#[test]
fn code_names_are_versions_only_in_the_distributions_repository() {
    let debian = "docker.io/library/debian";
    assert_eq!(choose(debian, "bookworm-slim", &["12", "12.11-slim", "12.11"]), Some("12.11-slim"));
    assert_eq!(choose(debian, "bookworm", &["12", "12.11-slim", "12.11"]), Some("12.11"));
    assert_eq!(choose(debian, "stable-slim", &["12.11-slim", "12.11"]), Some("12.11-slim"));
    assert_eq!(choose(debian, "bookworm-backports", &["12.11", "12.11-slim"]), None);
    assert_eq!(
        choose("public.ecr.aws/docker/library/ubuntu", "noble", &["24.04", "noble-20260101"]),
        Some("24.04")
    );
    assert_eq!(choose("docker.io/library/python", "bookworm", &["3.13.1"]), None);
}
