//! Writes facts about releases and packages as Rust constants.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::schema::{Kinds, Libraries, Packages, Range, Releases};

type Result<T> = std::result::Result<T, String>;

/// The table `IMAGES`, sorted by name.
pub(crate) fn releases(releases: &Releases) -> Result<String> {
    let mut images = BTreeMap::new();
    for image in &releases.image {
        for name in &image.names {
            let wrong = |error: String| format!("releases.toml: {name}: {error}");
            let default = ranges(&image.default).map_err(wrong)?;
            let alpine = ranges(&image.alpine).map_err(wrong)?;
            let value = format!("Image {{ name: {name:?}, default: &[{default}], alpine: &[{alpine}] }}");
            if images.insert(name.clone(), value).is_some() {
                return Err(format!("releases.toml: {name} stands twice"));
            }
        }
    }
    let images = images.into_values().collect::<Vec<_>>().join(", ");
    Ok(format!("pub(super) static IMAGES: &[Image] = &[{images}];\n"))
}

fn ranges(ranges: &[Range]) -> Result<String> {
    let mut code = String::new();
    let mut last: Option<[u32; 3]> = None;
    for range in ranges {
        let mut from = [0; 3];
        let parts: Vec<&str> = range.from.split('.').collect();
        if parts.len() > from.len() {
            return Err(format!("{} has too many parts", range.from));
        }
        for (slot, part) in from.iter_mut().zip(parts) {
            *slot = part.parse().map_err(|_| format!("{} is no version", range.from))?;
        }
        if last.is_some_and(|last| last >= from) {
            return Err(format!("{} does not follow what stands before it", range.from));
        }
        last = Some(from);
        let _ = write!(
            code,
            "Range {{ from: {from:?}, release: {:?}, fixed: {} }}, ",
            range.release, range.fixed
        );
    }
    Ok(code)
}

/// The tables `DEBIAN`, `ALPINE` and `RHEL`, each sorted.
pub(crate) fn packages(packages: &Packages) -> Result<String> {
    let mut code = String::new();
    for (name, kinds) in
        [("DEBIAN", &packages.debian), ("ALPINE", &packages.alpine), ("RHEL", &packages.rhel)]
    {
        let value = kinds_value(kinds).map_err(|error| format!("packages.toml: {name}: {error}"))?;
        let _ = writeln!(code, "pub(super) static {name}: Kinds = {value};");
    }
    Ok(code)
}

fn kinds_value(kinds: &Kinds) -> Result<String> {
    let mut build = kinds.build.clone();
    build.sort();
    if let Some(twice) = build.windows(2).find(|pair| pair.first() == pair.get(1)) {
        return Err(format!("{twice:?} stands twice"));
    }
    if let Some(both) = build.iter().find(|name| kinds.libraries.contains_key(*name)) {
        return Err(format!("{both} is for building only, and has a library"));
    }
    let libraries = kinds.libraries.iter().map(|(name, libraries)| {
        let by: Vec<String> = match libraries {
            Libraries::All(names) => vec![format!("(\"\", &{names:?})")],
            Libraries::By(by) => by
                .iter()
                .flat_map(|(releases, names)| {
                    releases.split(' ').map(move |release| format!("({release:?}, &{names:?})"))
                })
                .collect(),
        };
        format!("({name:?}, &[{}])", by.join(", "))
    });
    let libraries = libraries.collect::<Vec<_>>().join(", ");
    let tools = kinds.tools.iter().map(|(tool, package)| format!("({tool:?}, {package:?})"));
    let tools = tools.collect::<Vec<_>>().join(", ");
    let mut commands = kinds.commands.clone();
    commands.sort();
    Ok(format!(
        "Kinds {{ build: &{build:?}, commands: &{commands:?}, libraries: &[{libraries}], tools: &[{tools}] }}"
    ))
}
