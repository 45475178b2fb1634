//! Which image runs what an image with a JDK builds.
//!
//! Sources: `library/{eclipse-temurin,maven,gradle,openjdk}` of docker-library/official-images and the Dockerfiles they
//! name. Maven's tags end with the JDK they are built on, Gradle's with its major version; both take Eclipse Temurin
//! (Ubuntu, Alpine or UBI) unless the tag names another. `openjdk` has a JRE for 7, 8 and 11 only.

use harden_core::{Hazard, Place, Why};

use crate::multi_stage::runtime_image;
use crate::multi_stage::split::RuntimeImage;
use crate::multi_stage::view::View;
use crate::support::base_images;

/// The image for the runtime stage.
pub(super) struct Runtime {
    pub(super) image: RuntimeImage,
    /// Where its JRE is, when that is known: `JAVA_HOME`.
    pub(super) home: Option<&'static str>,
    /// What the builder's image sets and this one sets otherwise.
    pub(super) env: Vec<(String, String)>,
    pub(super) hazards: Vec<Hazard>,
    pub(super) assumptions: Vec<String>,
}

/// What the tag of the builder says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The last part of the image's name.
    pub(super) name: String,
    pub(super) tag: String,
    /// Whether a table says that the tag exists. If not, a registry has to.
    pub(super) sure: bool,
    pub(super) system: System,
}

/// How the two images' distributions go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// The same release: the images differ in nothing but the JDK.
    Same,
    /// The same distribution; the release may be another.
    Release,
    /// Another distribution with the same libc.
    Other,
}

/// The image that has the Java runtime of the builder.
///
/// # Errors
/// `jdk-unknown`: the tag does not say which Java it has. `no-runtime-image`: nobody makes such an image, or harden does
/// not know it. `image-variable`.
pub(super) fn runtime(view: &View<'_, '_>) -> Result<Runtime, Why> {
    let here = || Some(Place::Here(view.stage.image.span()));
    if base_images::find(view.image).is_none() {
        return Err(none(view, "harden does not know what it is"));
    }
    let repository = view.image.repository();
    let name = repository.rsplit('/').next().unwrap_or(repository);
    let choice = choose(name, view.image.tag_or_latest()).map_err(|why| match why {
        Unfit::Version => {
            let message = format!(
                "the tag of `{}` does not say which Java it has; name one: `maven:3-eclipse-temurin-21`, \
                 `gradle:8-jdk21`, `eclipse-temurin:21-jdk`",
                view.image.familiar()
            );
            Why::new("jdk-unknown", message)
        }
        Unfit::NoImage(why) => none(view, why),
    })?;
    let (mut image, pinned) = runtime_image::sibling(view, &choice.name, &choice.tag)?;
    let mut hazards: Vec<Hazard> = pinned.into_iter().collect();
    let mut assumptions = Vec::new();
    let written = view.stage.image.text();
    if written.contains('$') {
        if let Some(text) = same_pattern(written, name, &choice) {
            image.text = text;
        } else {
            let message = format!(
                "an argument chooses `{}`; the runtime image keeps its Java version whatever is given",
                view.image.familiar()
            );
            hazards.push(Hazard { id: "version-argument", message, place: here() });
        }
    }
    if !choice.sure && image.image.as_ref().is_none_or(|image| view.ctx.index_digest(image).is_err()) {
        let message = format!("no registry has confirmed that `{}` exists", image.text);
        hazards.push(Hazard { id: "image-unconfirmed", message, place: here() });
    }
    match choice.system {
        System::Same => {}
        System::Release => {
            assumptions.push(format!(
                "`{}` and `{}` are the same distribution, but perhaps not the same release of it",
                view.image.familiar(),
                image.text
            ));
            if let Some(tool) = view.ran().find(|ran| ran.name().is_some_and(is_package_manager)) {
                let message = format!(
                    "`{}` installs packages, and the release of the distribution may change",
                    tool.name().unwrap_or_default()
                );
                hazards.push(Hazard { id: "distribution-changes", message, place: here() });
            }
        }
        System::Other => {
            let message = format!(
                "`{}` has another distribution than `{}`: native libraries and tools of the image may be missing",
                image.text,
                view.image.familiar()
            );
            hazards.push(Hazard { id: "distribution-changes", message, place: here() });
        }
    }
    let home = (choice.name == "eclipse-temurin").then_some("/opt/java/openjdk");
    // openjdk sets LANG=C.UTF-8, Temurin LANG and LC_ALL=en_US.UTF-8: the locale decides how numbers are written.
    let locale = home.is_some() && (name == "openjdk" || view.image.tag_or_latest().contains("openjdk-"));
    let names = if locale { &["LANG", "LC_ALL"][..] } else { &[] };
    let env = names.iter().map(|name| ((*name).to_owned(), "C.UTF-8".to_owned())).collect();
    Ok(Runtime { image, home, env, hazards, assumptions })
}

fn none(view: &View<'_, '_>, what: &str) -> Why {
    let message =
        format!("no image is known that has the Java runtime of `{}`: {what}", view.image.familiar());
    Why::new("no-runtime-image", message)
}

/// Whether a command installs packages of a distribution.
pub(super) fn is_package_manager(name: &str) -> bool {
    matches!(name, "apt-get" | "apt" | "apk" | "yum" | "dnf" | "microdnf" | "tdnf")
}

/// The reference as it is written, where only `jdk` has to become `jre` in it.
fn same_pattern(written: &str, name: &str, choice: &Choice) -> Option<String> {
    let base = written.split('@').next().unwrap_or(written);
    let (image, tag) = base.rsplit_once(':')?;
    if image.contains('$') || choice.name != name {
        return None;
    }
    tag.contains("jdk").then(|| format!("{image}:{}", tag.replacen("jdk", "jre", 1)))
}

/// Why no image was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The tag does not name the version.
    Version,
    /// There is none.
    NoImage(&'static str),
}

/// The choice for an image by the last part of its name and its tag.
pub(super) fn choose(name: &str, tag: &str) -> Result<Choice, Unfit> {
    match name {
        "eclipse-temurin" => temurin(tag),
        "maven" => maven(tag),
        "gradle" => gradle(tag),
        "openjdk" | "java" => openjdk(name, tag),
        "ibm-semeru-runtimes" if tag.contains("-jdk") => Ok(Choice {
            name: name.to_owned(),
            tag: tag.replacen("-jdk", "-jre", 1),
            sure: false,
            system: System::Same,
        }),
        "zulu-openjdk" | "zulu-openjdk-alpine" | "zulu-openjdk-debian" => {
            let major = major(tag).ok_or(Unfit::Version)?;
            if tag.contains("jre") {
                return Err(Unfit::NoImage("it has no JDK"));
            }
            let (version, rest) = tag.split_once('-').unwrap_or((tag, ""));
            let rest = rest.trim_start_matches("jdk").trim_start_matches('-');
            let parts = [version, "jre", rest];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let tag = parts.join("-");
            let sure = is_long_term(major) && rest.is_empty() && is_major(version);
            Ok(Choice { name: name.to_owned(), tag, sure, system: System::Same })
        }
        _ if name.starts_with("liberica-openjdk-") => {
            let major = major(tag).ok_or(Unfit::Version)?;
            let sure = is_long_term(major) && is_major(tag);
            let name = name.replacen("openjdk", "openjre", 1);
            Ok(Choice { name, tag: tag.to_owned(), sure, system: System::Same })
        }
        "amazoncorretto" => Err(Unfit::NoImage("Amazon publishes no JRE of most versions")),
        _ => Err(Unfit::NoImage(
            "it is not one that harden knows; build in `eclipse-temurin`, `maven` or `gradle`",
        )),
    }
}

/// `17`, `17-jdk`, `17.0.9_9-jdk-jammy`, `8u392-b08-jdk-alpine`, `17-alpine`.
fn temurin(tag: &str) -> Result<Choice, Unfit> {
    let major = major(tag).ok_or(Unfit::Version)?;
    let mut parts: Vec<&str> = tag.split('-').collect();
    if parts.contains(&"jre") {
        return Err(Unfit::NoImage("it has no JDK"));
    }
    if let Some(part) = parts.iter_mut().find(|part| **part == "jdk") {
        *part = "jre";
    } else {
        let build = parts.get(1).is_some_and(|part| part.starts_with('b') && part.len() <= 4);
        parts.insert(if build { 2 } else { 1 }, "jre");
    }
    has_temurin(major)?;
    let sure = is_long_term(major) && parts.first().is_some_and(|version| is_major(version));
    Ok(Choice { name: "eclipse-temurin".to_owned(), tag: parts.join("-"), sure, system: System::Same })
}

/// There is no JRE of the versions between the long-term ones before 17.
fn has_temurin(major: u32) -> Result<(), Unfit> {
    let has = matches!(major, 8 | 11) || major >= 17;
    if has { Ok(()) } else { Err(Unfit::NoImage("Eclipse Temurin has no JRE of that version")) }
}

/// `3-eclipse-temurin-17`, `3.9.9-eclipse-temurin-21-alpine`, `3.6-jdk-11-slim`, `3.8-openjdk-17`.
fn maven(tag: &str) -> Result<Choice, Unfit> {
    if let Some((_, jdk)) = tag.split_once("eclipse-temurin") {
        let made = temurin(jdk.strip_prefix('-').ok_or(Unfit::Version)?)?;
        let system = if is_plain(&made.tag) { System::Release } else { System::Same };
        let system = if made.tag.contains("alpine") { System::Release } else { system };
        return Ok(Choice { system, ..made });
    }
    for jdk in ["openjdk-", "jdk-"] {
        let Some((before, rest)) = tag.split_once(jdk) else { continue };
        if !before.is_empty() && !before.ends_with('-') {
            continue;
        }
        if before.contains("microsoft") || rest.contains("openj9") {
            break;
        }
        let made = openjdk("openjdk", rest)?;
        let system = if made.system == System::Same { System::Release } else { made.system };
        return Ok(Choice { system, ..made });
    }
    let other = tag.chars().any(|ch| ch.is_ascii_alphabetic()) && tag != "latest" && !tag.contains("slim");
    Err(if other { Unfit::NoImage("harden knows only those of Temurin and OpenJDK") } else { Unfit::Version })
}

/// A tag that names the version and nothing of the distribution: `17-jre`.
fn is_plain(tag: &str) -> bool {
    tag.ends_with("-jre")
}

/// `8-jdk21`, `8.7.0-jdk17-alpine`, `jdk21`, `9.1-jdk21-noble`.
fn gradle(tag: &str) -> Result<Choice, Unfit> {
    let parts: Vec<&str> = tag.split('-').collect();
    let at = parts.iter().position(|part| part.strip_prefix("jdk").is_some_and(is_major));
    let Some((jdk, rest)) = at.and_then(|at| Some((parts.get(at)?, parts.get(at + 1..)?))) else {
        return Err(Unfit::Version);
    };
    let jdk = jdk.trim_start_matches("jdk");
    // From 7.2 on the images are built on Temurin, those before on AdoptOpenJDK or openjdk.
    let old = parts.first().and_then(|version| major(version)).is_some_and(|gradle| gradle < 8);
    let system = match rest {
        ["focal" | "jammy" | "noble"] if !old => System::Same,
        [] if old => System::Other,
        [] | ["alpine"] => System::Release,
        _ => return Err(Unfit::NoImage("harden knows only those of Temurin on Ubuntu and Alpine")),
    };
    let suffix: String = rest.iter().flat_map(|part| ["-", part]).collect();
    let made = temurin(&format!("{jdk}{suffix}"))?;
    Ok(Choice { system, ..made })
}

/// `8-jdk-alpine`, `11`, `8u151-jdk`, `17-jdk-slim`, `17-alpine`.
fn openjdk(name: &str, tag: &str) -> Result<Choice, Unfit> {
    let major = major(tag).ok_or(Unfit::Version)?;
    let mut parts: Vec<&str> = tag.split('-').collect();
    if parts.contains(&"jre") {
        return Err(Unfit::NoImage("it has no JDK"));
    }
    if matches!(major, 7 | 8 | 11) {
        match parts.iter_mut().find(|part| **part == "jdk") {
            Some(part) => *part = "jre",
            None => parts.insert(1, "jre"),
        }
        let tag = parts.join("-");
        return Ok(Choice { name: name.to_owned(), tag, sure: false, system: System::Same });
    }
    has_temurin(major)?;
    let alpine = parts.iter().any(|part| part.starts_with("alpine"));
    let suffix = if alpine { "-alpine" } else { "" };
    let tag = format!("{major}-jre{suffix}");
    let system = if alpine { System::Release } else { System::Other };
    Ok(Choice { name: "eclipse-temurin".to_owned(), tag, sure: is_long_term(major), system })
}

fn is_long_term(major: u32) -> bool {
    matches!(major, 8 | 11 | 17 | 21 | 25)
}

fn is_major(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number a version begins with.
fn major(tag: &str) -> Option<u32> {
    let end = tag.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(tag.len());
    tag.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(name: &str, tag: &str) -> String {
        match choose(name, tag) {
            Ok(choice) => {
                let sure = if choice.sure { "" } else { " ?" };
                format!("{}:{}{sure} {:?}", choice.name, choice.tag, choice.system)
            }
            Err(Unfit::Version) => "version".to_owned(),
            Err(Unfit::NoImage(_)) => "none".to_owned(),
        }
    }

    #[test]
    fn images_with_the_same_runtime() {
        for (name, tag, expected) in [
            ("eclipse-temurin", "17", "eclipse-temurin:17-jre Same"),
            ("eclipse-temurin", "17-jdk", "eclipse-temurin:17-jre Same"),
            ("eclipse-temurin", "21-jdk-alpine", "eclipse-temurin:21-jre-alpine Same"),
            ("eclipse-temurin", "21-alpine", "eclipse-temurin:21-jre-alpine Same"),
            ("eclipse-temurin", "17.0.9_9-jdk-jammy", "eclipse-temurin:17.0.9_9-jre-jammy ? Same"),
            ("eclipse-temurin", "8u392-b08-jdk", "eclipse-temurin:8u392-b08-jre ? Same"),
            ("eclipse-temurin", "8u392-b08", "eclipse-temurin:8u392-b08-jre ? Same"),
            ("eclipse-temurin", "latest", "version"),
            ("eclipse-temurin", "16-jdk", "none"),
            ("eclipse-temurin", "17-jre", "none"),
            ("maven", "3.9-eclipse-temurin-17", "eclipse-temurin:17-jre Release"),
            ("maven", "3-eclipse-temurin-21-alpine", "eclipse-temurin:21-jre-alpine Release"),
            ("maven", "3.9.9-eclipse-temurin-21-noble", "eclipse-temurin:21-jre-noble Same"),
            ("maven", "3.5.3-jdk-8", "openjdk:8-jre ? Release"),
            ("maven", "3-jdk-8-alpine", "openjdk:8-jre-alpine ? Release"),
            ("maven", "3.6.3-openjdk-11-slim", "openjdk:11-jre-slim ? Release"),
            ("maven", "3.8.4-openjdk-17", "eclipse-temurin:17-jre Other"),
            ("maven", "3.8.4-openjdk-17-slim", "eclipse-temurin:17-jre Other"),
            ("maven", "3.6.3-openjdk-14", "none"),
            ("maven", "3-jdk-8-openj9", "none"),
            ("maven", "3-amazoncorretto-17", "none"),
            ("maven", "3-sapmachine-17", "none"),
            ("maven", "3.9", "version"),
            ("maven", "latest", "version"),
            ("maven", "3-slim", "version"),
            ("maven", "3-eclipse-temurin", "version"),
            ("gradle", "8.7.0-jdk21", "eclipse-temurin:21-jre Release"),
            ("gradle", "jdk17", "eclipse-temurin:17-jre Release"),
            ("gradle", "8-jdk17-alpine", "eclipse-temurin:17-jre-alpine Release"),
            ("gradle", "8-jdk21-jammy", "eclipse-temurin:21-jre-jammy Same"),
            ("gradle", "6-jdk8", "eclipse-temurin:8-jre Other"),
            ("gradle", "8-jdk17-corretto", "none"),
            ("gradle", "8.5", "version"),
            ("openjdk", "8-jdk-alpine", "openjdk:8-jre-alpine ? Same"),
            ("openjdk", "8", "openjdk:8-jre ? Same"),
            ("openjdk", "11-slim-buster", "openjdk:11-jre-slim-buster ? Same"),
            ("openjdk", "17-jdk-slim", "eclipse-temurin:17-jre Other"),
            ("openjdk", "17-jdk-alpine", "eclipse-temurin:17-jre-alpine Release"),
            ("openjdk", "13-jdk", "none"),
            ("zulu-openjdk-alpine", "17", "zulu-openjdk-alpine:17-jre Same"),
            ("zulu-openjdk", "17-latest", "zulu-openjdk:17-jre-latest ? Same"),
            ("liberica-openjdk-alpine", "17", "liberica-openjre-alpine:17 Same"),
            ("ibm-semeru-runtimes", "open-17-jdk-jammy", "ibm-semeru-runtimes:open-17-jre-jammy ? Same"),
            ("amazoncorretto", "17", "none"),
            ("ubuntu", "22.04", "none"),
        ] {
            assert_eq!(chosen(name, tag), expected, "{name}:{tag}");
        }
    }
}
