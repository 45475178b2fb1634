//! Which image runs what an image with the .NET SDK builds.
//!
//! Source: github.com/dotnet/dotnet-docker, `src/{sdk,aspnet,runtime,runtime-deps}` and its README files. All of them
//! share the tags `MAJOR.MINOR[-SYSTEM][-ARCHITECTURE]`; from 5.0 on the SDK's image is made from the one of ASP.NET, on
//! the same system. Before, the SDK was on `buster` where the others are on `buster-slim`. The SDK has versions of its
//! own (`8.0.100`), so only the first two numbers go over.

/// What the tag of the builder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// The tag of the runtime image.
    pub(super) text: String,
    pub(super) major: u32,
    pub(super) alpine: bool,
    /// Whether the image surely is on the same release of the same system.
    pub(super) same: bool,
}

/// Why there is no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The tag does not name the version.
    Version,
    /// There is no such runtime image.
    None(&'static str),
}

/// The runtime image's tag for a tag of the SDK.
pub(super) fn tag(sdk: &str) -> Result<Tag, Unfit> {
    let (version, system) = sdk.split_once('-').unwrap_or((sdk, ""));
    let numbers: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
    let (major, minor, whole) = match numbers.as_deref() {
        Some(&[major, minor]) => (major, minor, false),
        Some(&[major, minor, _]) => (major, minor, true),
        _ => return Err(Unfit::Version),
    };
    let parts: Vec<&str> = system.split('-').filter(|part| !part.is_empty()).collect();
    for part in &parts {
        match *part {
            "aot" => return Err(Unfit::None("it is for native compilation")),
            _ if part.starts_with("preview") || part.starts_with("rc") || part.starts_with("alpha") => {
                return Err(Unfit::None("it is a preview"));
            }
            _ if part.starts_with("nanoserver") || part.starts_with("windowsservercore") => {
                return Err(Unfit::None("nobody has checked which Windows images go together"));
            }
            _ => {}
        }
    }
    let debian = ["stretch", "buster", "bullseye"];
    let mut text = format!("{major}.{minor}");
    for (at, part) in parts.iter().enumerate() {
        text.push('-');
        text.push_str(part);
        if major < 5 && debian.contains(part) && parts.get(at + 1) != Some(&"slim") {
            text.push_str("-slim");
        }
    }
    let alpine = parts.first().is_some_and(|part| part.starts_with("alpine"));
    let same = !(whole && (parts.is_empty() || parts.first() == Some(&"alpine")));
    Ok(Tag { text, major, alpine, same })
}

/// What the SDK's image has on Alpine and the others do not: they have no ICU and switch cultures off.
pub(super) fn alpine_packages(tag: &Tag) -> Vec<&'static str> {
    let mut packages = vec!["icu-libs"];
    let release = tag
        .text
        .split("alpine3.")
        .nth(1)
        .and_then(|rest| rest.split('-').next().and_then(|number| number.parse::<u32>().ok()));
    // Alpine splits the data off from 3.16 on.
    if tag.major >= 6 && release.is_none_or(|release| release >= 16) {
        packages.push("icu-data-full");
    }
    if tag.major >= 8 {
        packages.push("tzdata");
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_runtime_images() {
        for (sdk, expected) in [
            ("8.0", Ok("8.0")),
            ("8.0-alpine", Ok("8.0-alpine")),
            ("8.0.100", Ok("8.0")),
            ("6.0.400-alpine3.16", Ok("6.0-alpine3.16")),
            ("8.0-bookworm-slim-arm64v8", Ok("8.0-bookworm-slim-arm64v8")),
            ("6.0-jammy", Ok("6.0-jammy")),
            ("3.1-buster", Ok("3.1-buster-slim")),
            ("3.1-buster-slim", Ok("3.1-buster-slim")),
            ("3.1-bionic", Ok("3.1-bionic")),
            ("6.0-cbl-mariner2.0", Ok("6.0-cbl-mariner2.0")),
            ("latest", Err(Unfit::Version)),
            ("8", Err(Unfit::Version)),
            ("", Err(Unfit::Version)),
            ("8.0-jammy-aot", Err(Unfit::None("it is for native compilation"))),
            ("9.0.100-preview.1", Err(Unfit::None("it is a preview"))),
        ] {
            assert_eq!(tag(sdk).map(|tag| tag.text), expected.map(str::to_owned), "{sdk}");
        }
        assert!(!tag("6.0.400").unwrap().same && tag("6.0").unwrap().same);
        assert_eq!(alpine_packages(&tag("5.0-alpine3.12").unwrap()), ["icu-libs"]);
        assert_eq!(alpine_packages(&tag("8.0-alpine").unwrap()), ["icu-libs", "icu-data-full", "tzdata"]);
    }
}
