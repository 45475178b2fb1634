//! Which files of the project go over besides what the build makes.

use harden_core::{Hazard, image_path};

use super::launch::JavaCommand;
use super::{Build, Made, trace};
use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::files::Files;
use crate::multi_stage::split::CopyOut;
use crate::multi_stage::view::View;

/// Source files that are read for what a program needs besides its JAR.
const MAX_READ: usize = 64;

/// What of the project is no source goes over.
pub(super) fn assets(files: &Files, roots: &[String], build: &Build, end: u32, copies: &mut Vec<CopyOut>) {
    for root in roots {
        let is_source = |path: &str| {
            let placed = files.all.get(&image_path::resolve(root, path));
            placed.is_none_or(|file| file.by > end) || is_source(files, root, build.output, path)
        };
        copies.extend(files.assets(root, is_source));
    }
}

/// Whether the build reads a file and the program does not.
fn is_source(files: &Files, root: &str, output: &str, path: &str) -> bool {
    /// What Maven, Gradle and the generators of projects put beside the sources.
    const NAMES: [&str; 14] = [
        "pom.xml",
        "mvnw",
        "mvnw.cmd",
        "gradlew",
        "gradlew.bat",
        "build.gradle",
        "build.gradle.kts",
        "settings.gradle",
        "settings.gradle.kts",
        "gradle.properties",
        "lombok.config",
        "help.md",
        "procfile",
        "system.properties",
    ];
    const MANIFESTS: [&str; 5] =
        ["pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ending = |ending: &str| name.ends_with(ending);
    if NAMES.contains(&name.as_str())
        || ending(".java")
        || ending(".kt")
        || ending(".iml")
        || ending(".gradle")
    {
        return true;
    }
    // Folders of a module: what is in them is compiled or put into the JAR.
    let mut folder = root.to_owned();
    for part in path.split('/') {
        let module = || MANIFESTS.iter().any(|name| files.all.contains_key(&format!("{folder}/{name}")));
        if (part == "src" || part == output || part == "gradle" || part == "buildSrc") && module() {
            return true;
        }
        folder = format!("{folder}/{part}");
    }
    false
}

/// Files of the context that the command line names and that are among the sources.
pub(super) fn named(files: &Files, started: &[JavaCommand], end: u32, copies: &mut Vec<CopyOut>) {
    let all = started.iter().flat_map(|one| one.others.iter().chain(&one.class_path));
    for one in all.filter(|one| !one.pattern) {
        if files.all.get(&one.path).is_some_and(|file| file.by < end) {
            copies.push(CopyOut::file(one.path.clone()));
        } else if one.path != "/" && files.below(&one.path).next().is_some_and(|(_, file)| file.by < end) {
            copies.push(CopyOut::folder(one.path.clone()));
        }
    }
}

/// What steps write into the project and nobody else brings over.
pub(super) fn written(view: &View<'_, '_>, build: &Build, roots: &[String], last: usize, made: &mut Made) {
    for ran in view.ran().filter(|ran| ran.at.0 <= last && !made.explained.contains(&ran.at)) {
        for effect in effects::of(view, ran) {
            let (paths, folder) = match effect {
                Effect::Writes(paths) => (paths, false),
                // Nobody lists what an archive holds, so the folder it is unpacked in goes over.
                Effect::Trees(paths) => (paths, true),
                _ => continue,
            };
            for path in paths {
                let inside = roots
                    .iter()
                    .any(|root| path.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/')));
                let output = trace::below_output(&build.folders, build.output, &path).is_some();
                if inside && (folder || !output) && !made.copies.iter().any(|copy| copy.carries(&path)) {
                    made.copies.push(if folder { CopyOut::folder(path) } else { CopyOut::file(path) });
                }
            }
        }
    }
}

/// Looks through the sources for paths of sources and for uses of the JDK.
pub(super) fn read_sources(
    view: &View<'_, '_>,
    files: &Files,
    hazards: &mut Vec<Hazard>,
    assumptions: &mut Vec<String>,
) {
    const COMPILERS: [&str; 5] =
        ["javax.tools", "com.sun.tools.", "jdk.jshell", "com.sun.jdi", "com.sun.source."];
    let is_code =
        |path: &&String| [".java", ".kt", ".scala", ".groovy"].iter().any(|end| path.ends_with(end));
    let sources: Vec<&String> = files.all.keys().filter(is_code).collect();
    if sources.len() > MAX_READ {
        assumptions.push(format!("none of the sources but the first {MAX_READ} reads a file of the sources"));
    }
    for path in sources.into_iter().take(MAX_READ) {
        if path.contains("/src/test/") {
            continue;
        }
        let Ok(read) = view.text(path) else { continue };
        let mut found = |at: usize, length: usize, id: &'static str, message: String| {
            hazards.push(Hazard { id, message, place: Some(read.place(&(at..at + length))) });
        };
        if let Some(at) = read.text.find("\"src/").or_else(|| read.text.find("\"./src/")) {
            found(
                at,
                5,
                "reads-sources",
                "the program seems to read a file of the sources when it runs".to_owned(),
            );
        }
        if let Some((at, name)) = COMPILERS.iter().find_map(|name| Some((read.text.find(name)?, name))) {
            found(at, name.len(), "needs-jdk", format!("the program uses `{name}`, which only a JDK has"));
        }
    }
}
