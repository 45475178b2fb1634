//! Which release an image has.

use harden_core::ImageFiles;
use harden_core::syntax::Reference;

use super::{by_files, by_reference, table, version_of};
use crate::multi_stage::runtime_image::Release;
use crate::support::base_images::Family;

fn told(text: &str) -> Option<(Family, String, bool)> {
    let image = Reference::parse(text).unwrap();
    by_reference(&image).map(|Release { family, name, certain }| (family, name, certain))
}

fn is(text: &str, family: Family, name: &str, certain: bool) {
    assert_eq!(told(text), Some((family, name.to_owned(), certain)), "{text}");
}

#[test]
fn tags_name_the_release() {
    for (text, name) in [
        ("debian:12", "bookworm"),
        ("debian:12-slim", "bookworm"),
        ("debian:12.5", "bookworm"),
        ("debian:bookworm-20240101", "bookworm"),
        ("debian:bullseye-slim", "bullseye"),
        ("docker.io/library/debian:13-slim", "trixie"),
        ("mirror.gcr.io/library/golang:1.22-bookworm", "bookworm"),
        ("registry.example:5000/team/builder:2-bookworm-slim", "bookworm"),
        ("golang:bookworm", "bookworm"),
        ("buildpack-deps:12-curl", "bookworm"),
        ("mcr.microsoft.com/dotnet/sdk:8.0-bookworm-slim", "bookworm"),
    ] {
        is(text, Family::Debian, name, true);
    }
    for (text, name) in [
        ("ubuntu:22.04", "22.04"),
        ("ubuntu:jammy", "22.04"),
        ("ubuntu:noble-20240904.1", "24.04"),
        ("buildpack-deps:20.04-curl", "20.04"),
        ("eclipse-temurin:17-jdk-jammy", "22.04"),
    ] {
        is(text, Family::Ubuntu, name, true);
    }
    for (text, name) in [
        ("alpine:3.20", "3.20"),
        ("alpine:3.20.3", "3.20"),
        ("golang:1.22-alpine3.19", "3.19"),
        ("eclipse-temurin:17-jdk-alpine-3.23", "3.23"),
        (
            "node:22-alpine3.21@sha256:0123456789012345678901234567890123456789012345678901234567890123",
            "3.21",
        ),
    ] {
        is(text, Family::Alpine, name, true);
    }
}

#[test]
fn versions_tell_the_release_of_official_images() {
    is("golang:1.22", Family::Debian, "bookworm", true);
    is("golang:1", Family::Debian, "trixie", false);
    is("golang:1.26", Family::Debian, "trixie", false);
    is("node:18", Family::Debian, "bookworm", true);
    is("golang:1.22.3", Family::Debian, "bookworm", true);
    is("golang:1.16.5", Family::Debian, "buster", true);
    is("golang:1.18", Family::Debian, "bullseye", true);
    is("golang:1.24.9", Family::Debian, "trixie", true);
    is("golang:1.21.7-alpine", Family::Alpine, "3.19", true);
    is("python:3.9.20-slim", Family::Debian, "bookworm", true);
    is("docker.io/library/rust:1.75.0", Family::Debian, "bookworm", true);
    is("node:24", Family::Debian, "bookworm", false);
}

#[test]
fn what_moves_or_is_not_known() {
    for text in [
        "debian",
        "debian:stable",
        "debian:latest",
        "debian:testing-slim",
        "ubuntu",
        "ubuntu:latest",
        "ubuntu:rolling",
        "alpine",
        "alpine:3",
        "alpine:latest",
        "alpine:edge",
        "golang:1.5",
        "golang:1.24.6",
        "golang:1.22-windowsservercore",
        "golang:1.22.3.4",
        "golang:99999999999",
        "golang:4294967295",
        "golang@sha256:0123456789012345678901234567890123456789012345678901234567890123",
        "openjdk:17",
        "example.org/own:1.22",
    ] {
        assert_eq!(told(text), None, "{text}");
    }
}

#[test]
fn files_of_the_image_tell_it() {
    let files = |pairs: &[(&str, &str)]| ImageFiles {
        os_release: pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ..ImageFiles::default()
    };
    let name = |pairs: &[(&str, &str)]| by_files(&files(pairs)).map(|release| release.name);
    assert_eq!(name(&[("ID", "debian"), ("VERSION_ID", "12")]).as_deref(), Some("bookworm"));
    assert_eq!(name(&[("ID", "debian"), ("VERSION_CODENAME", "trixie")]).as_deref(), Some("trixie"));
    assert_eq!(name(&[("ID", "ubuntu"), ("VERSION_ID", "24.04")]).as_deref(), Some("24.04"));
    assert_eq!(name(&[("ID", "alpine"), ("VERSION_ID", "3.20.3")]).as_deref(), Some("3.20"));
    assert_eq!(name(&[("ID", "alpine"), ("VERSION_ID", "3.23_alpha20250612")]), None);
    assert_eq!(name(&[("ID", "debian")]), None, "testing has no version");
    assert_eq!(name(&[("ID", "fedora"), ("VERSION_ID", "40")]), None);
    assert_eq!(name(&[]), None);
}

#[test]
fn a_shorter_version_is_the_newest_of_its_kind() {
    assert!(version_of("1.22") > version_of("1.22.99"));
    assert!(version_of("1.22") < version_of("1.23.0"));
    assert_eq!(version_of(""), None);
    assert_eq!(version_of("1.22rc1"), None);
    assert_eq!(version_of("8u342"), version_of("8"));
}

#[test]
fn the_table_names_releases_that_exist() {
    for image in table::IMAGES {
        for range in image.default {
            let known = |name: &str| super::DEBIAN.iter().any(|(_, known)| *known == name);
            assert!(range.release.is_none_or(known), "{} {:?}", image.name, range.from);
        }
        for range in image.alpine {
            let known = |name: &str| super::alpine_number(name).as_deref() == Some(name);
            assert!(range.release.is_none_or(known), "{} {:?}", image.name, range.from);
        }
    }
}
