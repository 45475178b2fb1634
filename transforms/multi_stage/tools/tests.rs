//! What small images have.

use harden_core::syntax::Reference;

use super::{BUILTINS, LANGUAGES, TOOLCHAINS, has};
use crate::multi_stage::split::RuntimeImage;
use crate::support::base_images::{self, Family, Shell};

fn image(text: &str) -> RuntimeImage {
    let image = Reference::parse(text).unwrap();
    let entry = base_images::find(&image);
    RuntimeImage {
        text: text.to_owned(),
        family: entry.map_or(Family::Unknown, |entry| entry.system.family),
        shell: entry.is_none_or(|entry| !matches!(entry.system.shell, Shell::None)),
        image: Some(image),
    }
}

#[test]
fn small_images_have_little() {
    let debian = image("debian:bookworm-slim");
    for name in ["sh", "bash", "grep", "sed", "tar", "perl", "useradd", "awk", "find", "ldconfig"] {
        assert_eq!(has(&debian, name), Some(true), "{name}");
    }
    for name in ["curl", "wget", "ps", "ping", "nc", "git", "python3", "node", "npm", "make", "jq", "less"] {
        assert_eq!(has(&debian, name), Some(false), "{name}");
    }
    let alpine = image("alpine:3.20");
    for name in ["sh", "wget", "nc", "ps", "ping", "adduser", "vi", "apk", "unzip"] {
        assert_eq!(has(&alpine, name), Some(true), "{name}");
    }
    for name in ["bash", "curl", "git", "useradd", "go"] {
        assert_eq!(has(&alpine, name), Some(false), "{name}");
    }
    assert_eq!(has(&alpine, "my-program"), None);
}

#[test]
fn images_of_languages_have_their_programs() {
    assert_eq!(has(&image("node:22-slim"), "npx"), Some(true));
    assert_eq!(has(&image("node:22-alpine"), "python3"), Some(false));
    assert_eq!(has(&image("python:3.12-slim"), "pip"), Some(true));
    assert_eq!(has(&image("docker.io/library/python:3.12-slim"), "pip"), Some(true));
    assert_eq!(has(&image("eclipse-temurin:21-jre"), "java"), Some(true));
    assert_eq!(has(&image("eclipse-temurin:21-jre"), "javac"), Some(false));
    assert_eq!(has(&image("mcr.microsoft.com/dotnet/aspnet:8.0"), "dotnet"), Some(true));
    assert_eq!(has(&image("registry.example/own:1"), "java"), None);
}

#[test]
fn the_empty_image_has_nothing() {
    let scratch = crate::multi_stage::runtime_image::scratch();
    for name in ["sh", "curl", "wget", "cat", "go", "node"] {
        assert_eq!(has(&scratch, name), Some(false), "{name}");
    }
}

#[test]
fn the_lists_are_sorted() {
    assert!(BUILTINS.is_sorted() && TOOLCHAINS.is_sorted());
    for (name, programs) in LANGUAGES {
        assert!(!programs.is_empty());
        let image = Reference::parse(&format!("{name}:1")).unwrap();
        assert!(super::official(&image).contains(&name), "{name} is in base-images.toml");
    }
}
