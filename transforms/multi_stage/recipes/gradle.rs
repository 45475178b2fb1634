//! Projects that Gradle builds: `gradle build`, `./gradlew bootJar`, and `java -jar build/libs/NAME.jar` or the script of
//! `installDist`.
//!
//! The plugins of the script say what a JAR holds: Spring Boot, Shadow and Ktor put the dependencies into it, Quarkus
//! makes a folder. A JAR of the plain `jar` task is whole only when nothing is needed besides. Names are read where
//! they are literal; a script that sets the name of an archive makes it what the command says.
//!
//! Sources: the Gradle manual (Java and application plugins), Spring Boot's Gradle plugin (`bootJar`, and from 2.5 on
//! `-plain` beside it), Shadow and Ktor (`-all`).

use std::collections::BTreeSet;

use harden_core::Why;

use super::java::pom;
use super::java::script::{self, Applied, Script};
use super::java::{self, Artefact, Build, Contents};
use super::maven::glob;
use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::{CopyOut, Recipe, Split};
use crate::multi_stage::view::View;

/// The recipe.
pub(super) struct Gradle;

impl Recipe for Gradle {
    fn split(&self, view: &View<'_, '_>) -> Option<Result<Split, Why>> {
        let calls: Vec<Call<'_>> = view.ran().filter_map(call).collect();
        if !calls.iter().any(|call| !call.tasks.is_empty() || call.unread) {
            return None;
        }
        Some(split(view, &calls))
    }
}

/// One call of Gradle.
struct Call<'r> {
    ran: &'r Ran,
    folder: Option<String>,
    /// The tasks that make something that is run, without their projects.
    tasks: Vec<&'r str>,
    /// A word that is not literal may be a task.
    unread: bool,
}

fn call(ran: &Ran) -> Option<Call<'_>> {
    /// Options with a value of their own.
    const VALUES: [&str; 16] = [
        "-p",
        "--project-dir",
        "-b",
        "--build-file",
        "-c",
        "--settings-file",
        "-x",
        "--exclude-task",
        "-I",
        "--init-script",
        "-g",
        "--gradle-user-home",
        "--console",
        "--max-workers",
        "--project-cache-dir",
        "--warning-mode",
    ];
    const TASKS: [&str; 12] = [
        "assemble",
        "bootJar",
        "bootWar",
        "build",
        "buildFatJar",
        "classes",
        "install",
        "installDist",
        "installShadowDist",
        "jar",
        "quarkusBuild",
        "shadowJar",
    ];
    let words = java::call(ran, &["gradle", "gradlew"])?;
    let mut call = Call { ran, folder: ran.workdir.clone(), tasks: Vec::new(), unread: false };
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if VALUES.contains(&text) {
            let value = words.next().map(|word| word.text.as_str()).unwrap_or_default();
            if matches!(text, "-p" | "--project-dir") {
                call.folder = ran.path(value);
            }
        } else if !text.starts_with('-') {
            call.unread |= !word.literal;
            let task = text.rsplit(':').next().unwrap_or(text);
            if TASKS.contains(&task) || task.to_ascii_lowercase().ends_with("jar") {
                call.tasks.push(task);
            }
        }
    }
    Some(call)
}

fn split(view: &View<'_, '_>, calls: &[Call<'_>]) -> Result<Split, Why> {
    if calls.iter().any(|call| call.unread) {
        let message = "a variable is among the tasks of Gradle, so what it builds is not known";
        return Err(Why::new("build-unknown", message));
    }
    let folders: BTreeSet<String> = calls.iter().filter_map(|call| call.folder.clone()).collect();
    if folders.is_empty() {
        return Err(Why::new("no-workdir", "the folder Gradle builds in is not known; set WORKDIR"));
    }
    let build = Build {
        recipe: "java-gradle",
        tool: "Gradle",
        output: "build",
        commands: calls.iter().map(|call| call.ran.at).collect(),
        folders: folders.into_iter().collect(),
    };
    let tasks: Vec<&str> = calls.iter().flat_map(|call| call.tasks.clone()).collect();
    java::split(view, &build, |artefact| judge(view, artefact, &tasks, &build.folders))
}

/// The scripts a module is built by.
struct Module {
    own: Script,
    /// That of the folder the build runs in, where it is another.
    root: Option<Script>,
    plugins: Vec<Applied>,
    /// The name of its archives up to the classifier; `None` when it cannot be told.
    name: Option<String>,
}

fn script(view: &View<'_, '_>, folder: &str, name: &str) -> Result<Script, Why> {
    let text = view
        .text(&format!("{folder}/{name}.gradle"))
        .or_else(|_| view.text(&format!("{folder}/{name}.gradle.kts")))
        .map_err(|why| pom::missing(&format!("{folder}/{name}.gradle"), &why))?;
    script::read(&text.text).ok_or_else(|| Why::new("bad-manifest", format!("`{name}.gradle` is too long")))
}

fn module(view: &View<'_, '_>, folder: &str, roots: &[String]) -> Result<Module, Why> {
    let own = script(view, folder, "build")?;
    let above = roots
        .iter()
        .filter(|root| folder.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/')));
    let top = above.max_by_key(|root| root.len()).map_or(folder, String::as_str);
    let root = if top == folder { None } else { script(view, top, "build").ok() };
    let mut plugins: Vec<Applied> =
        own.plugins().into_iter().filter(|one| !one.below || root.is_none()).collect();
    plugins.extend(root.iter().flat_map(Script::plugins).filter(|one| one.below));
    let catalog = view.text(&format!("{top}/gradle/libs.versions.toml")).ok();
    let catalog = catalog.and_then(|text| text.text.parse::<toml::Table>().ok());
    for plugin in &mut plugins {
        if let Some(alias) = plugin.id.strip_prefix("libs.plugins.")
            && let Some((id, version)) = catalog.as_ref().and_then(|catalog| from_catalog(catalog, alias))
        {
            plugin.id = id;
            plugin.version = version;
        }
    }
    let name = name(view, folder, top, &own, root.as_ref());
    Ok(Module { own, root, plugins, name })
}

/// The plugin an alias means, and its version where it is literal (Gradle manual, "Version catalogs").
fn from_catalog(catalog: &toml::Table, alias: &str) -> Option<(String, Option<String>)> {
    let plain = |name: &str| name.replace(['-', '_'], ".");
    let plugins = catalog.get("plugins")?.as_table()?;
    let (_, entry) = plugins.iter().find(|(name, _)| plain(name) == plain(alias))?;
    if let Some(text) = entry.as_str() {
        let (id, version) = text.split_once(':').unwrap_or((text, ""));
        return Some((id.to_owned(), Some(version.to_owned())));
    }
    let id = entry.get("id")?.as_str()?.to_owned();
    let version = entry.get("version").and_then(|version| version.as_str()).map(str::to_owned);
    Some((id, version))
}

/// `NAME-VERSION`: the project's name and version, where scripts say no more about it.
fn name(view: &View<'_, '_>, folder: &str, top: &str, own: &Script, root: Option<&Script>) -> Option<String> {
    const OTHERWISE: [&str; 8] = [
        "archiveBaseName",
        "archiveFileName",
        "archiveName",
        "archiveVersion",
        "archivesBaseName",
        "archivesName",
        "baseName",
        "archiveAppendix",
    ];
    let is_set =
        |script: &Script| OTHERWISE.iter().any(|name| script.names(name)) || script.names("buildDir");
    if is_set(own) || root.is_some_and(|root| is_set(root) || root.assigns("version")) {
        return None;
    }
    let last = folder.rsplit('/').next().unwrap_or_default().to_owned();
    let project = if folder == top {
        match script(view, top, "settings") {
            Ok(settings) => settings.text("rootProject.name").unwrap_or(Ok(last)).ok()?,
            Err(_) => last,
        }
    } else {
        last
    };
    let properties = view.text(&format!("{top}/gradle.properties")).ok();
    let property = properties.as_ref().and_then(|text| {
        let mut pairs = text.text.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(key, _)| key.trim() == "version").map(|(_, value)| value.trim().to_owned())
    });
    match own.text("version").or(property.map(Ok)) {
        Some(version) => Some(format!("{project}-{}", version.ok()?)),
        None if own.assigns("version") => None,
        None => Some(project),
    }
}

/// What the JAR of a module needs besides itself.
fn judge(
    view: &View<'_, '_>,
    artefact: &Artefact,
    tasks: &[&str],
    roots: &[String],
) -> Result<Contents, Why> {
    let module = match module(view, &artefact.module, roots) {
        Ok(module) => module,
        // Without the build context a hazard says so already.
        Err(_) if view.files().is_err() => {
            let because = "the command runs its JAR, of which nothing more is known".to_owned();
            return Ok(Contents { because, ..Contents::default() });
        }
        Err(why) => return Err(why),
    };
    let has = |ids: &[&str]| module.plugins.iter().find(|plugin| ids.contains(&plugin.id.as_str()));
    let mut contents = Contents::default();
    if artefact.file.starts_with("quarkus-app/") {
        if artefact.moved.is_some() {
            return Err(Why::new(
                "thin-jar",
                "`quarkus-run.jar` needs the folder it is made in; do not move it",
            ));
        }
        contents.copies.push(CopyOut::folder(format!("{}/build/quarkus-app", artefact.module)));
        "Quarkus makes a folder with all it needs, `build/quarkus-app`".clone_into(&mut contents.because);
        return Ok(contents);
    }
    let Some(file) = artefact.file.strip_prefix("libs/") else {
        let message = format!("what `build/{}` is cannot be told", artefact.file);
        return Err(Why::new("artefact-unknown", message));
    };
    let off =
        |task: &str| module.own.is_off(task) || module.root.as_ref().is_some_and(|root| root.is_off(task));
    let named = |block: &str| module.own.text_in(block, "archiveFileName") == Some(file);
    let all = tasks.iter().any(|task| matches!(*task, "build" | "assemble"));
    let boot = has(&["org.springframework.boot"]).filter(|_| !off("bootJar"));
    let shadow = has(&[
        "com.github.johnrengelman.shadow",
        "com.gradleup.shadow",
        "io.github.goooler.shadow",
        "io.ktor.plugin",
    ]);
    let given = [(boot.is_some(), "bootJar"), (boot.is_some(), "bootWar"), (shadow.is_some(), "shadowJar")];
    if let Some((_, task)) = given.into_iter().find(|(has, task)| *has && named(task)) {
        contents.because = format!("`{file}` holds its dependencies (`{task}`)");
        return Ok(contents);
    }
    // JARs under the names they have without settings, and whether they hold their dependencies.
    let mut jars: Vec<(&str, bool, &str)> = Vec::new();
    if boot.is_some() && (all || tasks.iter().any(|task| matches!(*task, "bootJar" | "bootWar"))) {
        jars.push(("", true, "Spring Boot's `bootJar`"));
    }
    let by_shadow = |task: &&str| matches!(*task, "shadowJar" | "buildFatJar" | "installShadowDist");
    if shadow.is_some() && (all || tasks.iter().any(by_shadow)) {
        jars.push(("-all", true, "the Shadow plugin"));
    }
    if (all || tasks.contains(&"jar")) && !off("jar") {
        let beside = boot.is_some() && boot.is_some_and(|boot| has_plain(boot.version.as_deref()));
        let own = module.own.names("zipTree") && module.own.names("jar");
        if boot.is_none() || beside {
            jars.push((if beside { "-plain" } else { "" }, own, "the script's own `jar`"));
        }
    } else if module.own.names("zipTree") && boot.is_none() && shadow.is_none() {
        jars.push(("", true, "the script's own task"));
    }
    let set = module.own.names("archiveClassifier") || module.own.names("classifier");
    let is_it = |suffix: &str| match &module.name {
        Some(name) if !set => {
            glob(file, &format!("{name}{suffix}.jar")) || glob(file, &format!("{name}{suffix}.war"))
        }
        _ if set || suffix.is_empty() => !file.contains("-plain"),
        _ => !file.contains("-plain") || suffix == "-plain",
    };
    let found: Vec<&(&str, bool, &str)> = jars.iter().filter(|(suffix, ..)| is_it(suffix)).collect();
    // Under a name that scripts set, the JAR with the dependencies is the one that is meant.
    let unnamed = set || module.name.is_none();
    let fat: Vec<_> = found.iter().filter(|(_, fat, _)| *fat).collect();
    match (found.as_slice(), fat.as_slice()) {
        ([], _) => {
            let made = module.name.as_ref().map_or("another name".to_owned(), |name| format!("{name}.jar"));
            let message = format!("the command runs `{file}`, the scripts make `{made}`");
            Err(Why::new("artefact-unknown", message))
        }
        ([(.., why)], [_]) => {
            contents.because = format!("`{file}` holds its dependencies ({why})");
            Ok(contents)
        }
        ([_, _, ..], [(.., why)]) if unnamed && !file.contains(['*', '?']) => {
            let message = format!(
                "the scripts set the name of the JAR; that `{file}` is the one of {why} is taken for granted"
            );
            contents.hazards.push(java::hazard(view, "name-unknown", message));
            contents.because = format!("`{file}` holds its dependencies ({why})");
            Ok(contents)
        }
        ([_], []) if is_whole(&module) => {
            contents.because = format!("`{file}` has no dependencies");
            Ok(contents)
        }
        ([_], []) => {
            let message = format!(
                "`{file}` does not hold its dependencies; build one that does, for instance with Spring Boot's \
                 `bootJar` or the Shadow plugin, or run the script of `installDist`"
            );
            Err(Why::new("thin-jar", message))
        }
        _ => {
            let message = format!("`{file}` may be more than one file; name the one that is meant");
            Err(Why::new("ambiguous-artefact", message))
        }
    }
}

/// Whether a plain JAR is all: no dependencies, and no plugin or script that may add some.
fn is_whole(module: &Module) -> bool {
    let scripts = [Some(&module.own), module.root.as_ref()];
    let none =
        scripts.into_iter().flatten().all(|script| !script.has_dependencies() && !script.names("from"));
    none && module
        .plugins
        .iter()
        .all(|plugin| matches!(plugin.id.as_str(), "java" | "application" | "java-library"))
}

/// Whether Spring Boot of that version makes `-plain` beside the JAR: from 2.5 on.
fn has_plain(version: Option<&str>) -> bool {
    let Some(version) = version else { return true };
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(u32::MAX));
    (parts.next().unwrap_or(u32::MAX), parts.next().unwrap_or(u32::MAX)) >= (2, 5)
}
