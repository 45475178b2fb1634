//! What Maven and Gradle projects have in common: the image that runs them, what the command reads, and what of the
//! project goes over.
//!
//! The command names the JAR, so it is clear which file is needed and where. Whether it is all that is needed the
//! recipes of the tools find out. Sources and build files stay behind; every other file of the project goes over,
//! because programs read files beside their JAR. Not done: Spring Boot's layers (`-Djarmode=tools`), which change the
//! command.
//!
//! Sources: the official images of eclipse-temurin, openjdk, maven and gradle; the manual page of `java`.

mod assets;
mod checks;
mod images;
mod launch;
pub(super) mod module;
pub(super) mod pom;
pub(super) mod script;
mod trace;

use std::collections::BTreeSet;

use harden_core::shell::Word;
use harden_core::{Hazard, Place, Why, image_path};

use self::launch::{JavaCommand, Named};
pub(super) use self::trace::Artefact;
use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::{CopyOut, Split};
use crate::multi_stage::view::View;
use crate::support::image_paths::CopyKind;

/// A build by one of the tools.
pub(super) struct Build {
    /// `java-maven`, `java-gradle`.
    pub(super) recipe: &'static str,
    /// `Maven`, `Gradle`.
    pub(super) tool: &'static str,
    /// The name of output folders.
    pub(super) output: &'static str,
    /// Its commands.
    pub(super) commands: BTreeSet<(usize, usize)>,
    /// The folders they run in.
    pub(super) folders: Vec<String>,
}

/// What is known about a JAR.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Folders it needs beside it.
    pub(super) copies: Vec<CopyOut>,
    pub(super) hazards: Vec<Hazard>,
    /// Why it is all the program needs: the end of a sentence that begins with its name.
    pub(super) because: String,
}

/// Commands that build when a container starts.
const BUILDERS: [&str; 7] = ["mvn", "mvnw", "gradle", "gradlew", "ant", "sbt", "make"];

/// Splits a stage that builds with Maven or Gradle. `judge` says what a JAR needs.
///
/// # Errors
/// `command-builds`, `launch-unknown`, `needs-jdk`, `no-workdir`, `java-home`, those of the runtime
/// image and of `judge`.
pub(super) fn split(
    view: &View<'_, '_>,
    build: &Build,
    judge: impl Fn(&Artefact) -> Result<Contents, Why>,
) -> Result<Split, Why> {
    let builds = view.launched.commands.iter().find_map(|started| {
        let name = started.command.words.first()?.text.rsplit('/').next()?;
        BUILDERS.contains(&name).then(|| (started, name.to_owned()))
    });
    if let Some((started, name)) = builds {
        let message = format!("{} runs `{name}`, which builds; start the JAR with `java -jar`", started.by);
        return Err(Why::new("command-builds", message));
    }
    let runtime = images::runtime(view)?;
    let roots = roots(view, &build.folders)?;
    let started = launch::read(view)?;
    checks::java_home(view, runtime.home, &started)?;

    let mut made = Made { copies: Vec::new(), explained: build.commands.clone(), contents: Vec::new() };
    for command in &started {
        made.command(view, build, command, &judge)?;
    }
    made.start_scripts(view, build);
    if made.copies.is_empty() {
        let message = format!(
            "the command starts nothing that {} makes; give the path of the JAR to `java -jar`",
            build.tool
        );
        return Err(Why::new("launch-unknown", message));
    }
    made.explained.extend(view.ran().filter(|ran| is_housekeeping(ran, &roots)).map(|ran| ran.at));
    let last = last(view, build, &made.explained);
    checks::behind(view, last, &runtime)?;

    let mut hazards = runtime.hazards;
    hazards.extend(made.contents.iter().flat_map(|contents| contents.hazards.iter().cloned()));
    let mut assumptions = runtime.assumptions;
    let end = view.steps.get(last).map_or(0, |step| step.instruction.span().end);
    match view.files() {
        Ok(files) => {
            assets::assets(files, &roots, build, end, &mut made.copies);
            assets::named(files, &started, end, &mut made.copies);
            assets::read_sources(view, files, &mut hazards, &mut assumptions);
        }
        Err(why) => hazards.push(Hazard {
            id: "context-unknown",
            message: format!("which files beside the JAR the program reads is not known: {}", why.message),
            place: None,
        }),
    }
    assets::written(view, build, &roots, last, &mut made);
    let because: Vec<&str> = made.contents.iter().map(|contents| contents.because.as_str()).collect();
    let because = because.first().copied().unwrap_or("the class path goes over");
    let base = view.image.familiar();
    let mut all_roots = roots;
    all_roots.extend(CACHES.map(str::to_owned));
    Ok(Split {
        recipe: build.recipe,
        reason: format!("{} builds it; {because}; `{}` has its Java runtime", build.tool, runtime.image.text),
        ships: format!("the JDK and the tools of `{base}`, what {} downloaded, and the sources", build.tool),
        runtime: runtime.image,
        last,
        explained: made.explained,
        roots: all_roots,
        copies: tidy(&made.copies),
        packages: BTreeSet::new(),
        env: runtime.env,
        is_build_variable,
        builder_lines: Vec::new(),
        builder_edits: Vec::new(),
        hazards,
        assumptions,
    })
}

/// Where the tools keep settings and downloads.
const CACHES: [&str; 4] = ["/root/.m2", "/root/.gradle", "/home/gradle/.gradle", "/usr/share/maven"];

fn is_build_variable(name: &str) -> bool {
    ["MAVEN_", "GRADLE_", "MVN_"].iter().any(|prefix| name.starts_with(prefix)) || name == "M2_HOME"
}

/// What is found out about the files that go over.
struct Made {
    copies: Vec<CopyOut>,
    explained: BTreeSet<(usize, usize)>,
    contents: Vec<Contents>,
}

impl Made {
    fn command(
        &mut self,
        view: &View<'_, '_>,
        build: &Build,
        command: &JavaCommand,
        judge: &impl Fn(&Artefact) -> Result<Contents, Why>,
    ) -> Result<(), Why> {
        let find = |named: &Named| trace::artefact(view, &build.folders, build.output, named);
        let is_in_context = |path: &str| {
            view.files().is_ok_and(|files| files.all.contains_key(path) || files.below(path).next().is_some())
        };
        let lone = command.class_path.len() == 1;
        let single = command.class_path.first().filter(|entry| lone && trace::is_file(&entry.path));
        for main in command.jar.iter().chain(single) {
            match find(main) {
                Some(artefact) => {
                    self.contents.push(judge(&artefact)?);
                    self.add(main, &artefact);
                }
                None if is_in_context(&main.path) => {}
                None => return Err(nobody_makes(&main.path)),
            }
        }
        for entry in command.class_path.iter().filter(|_| single.is_none()) {
            match find(entry) {
                Some(artefact) => self.add(entry, &artefact),
                None if is_in_context(&entry.path) => {}
                None => return Err(nobody_makes(&entry.path)),
            }
        }
        for other in &command.others {
            let archive = [".jar", ".war"].iter().any(|ending| other.path.ends_with(ending));
            let Some(artefact) = find(other) else {
                // What a goal of the build puts elsewhere, like an agent.
                let known = || is_in_context(&other.path) || is_brought(view, &other.path);
                if archive && other.slash && !known() {
                    return Err(nobody_makes(&other.path));
                }
                continue;
            };
            if archive {
                self.add(other, &artefact);
            } else if other.slash {
                let message = format!(
                    "the command names `{}`, and whether the build makes it is not known",
                    other.path
                );
                self.contents.push(Contents {
                    hazards: vec![hazard(view, "output-read", message)],
                    because: "the class path goes over".to_owned(),
                    ..Contents::default()
                });
            }
        }
        Ok(())
    }

    fn add(&mut self, named: &Named, artefact: &Artefact) {
        self.explained.extend(artefact.moved);
        self.copies.push(trace::copy(named, !trace::is_file(&named.path)));
        let more = self.contents.last_mut().map(|contents| std::mem::take(&mut contents.copies));
        self.copies.extend(more.into_iter().flatten());
    }

    /// `build/install/NAME/bin/NAME`: the script needs the folder it lies in.
    fn start_scripts(&mut self, view: &View<'_, '_>, build: &Build) {
        for started in &view.launched.commands {
            let (Some(word), Some(workdir)) = (started.command.words.first(), &started.workdir) else {
                continue;
            };
            let path = image_path::resolve(workdir, &word.text);
            let Some((module, file)) = trace::below_output(&build.folders, build.output, &path) else {
                continue;
            };
            let (Some((folder, _)), true) = (file.rsplit_once("/bin/"), word.literal) else { continue };
            self.copies.push(CopyOut::folder(format!("{module}/{}/{folder}", build.output)));
            self.contents.push(Contents {
                because: format!("its start script lies in a folder with all it needs, `{folder}`"),
                ..Contents::default()
            });
        }
    }
}

/// Whether a COPY, or a command whose files are known, brings a path.
fn is_brought(view: &View<'_, '_>, path: &str) -> bool {
    let is_below = |folder: &str| {
        path.strip_prefix(folder.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let copied = view.run.paths.copied().any(|one| {
        // What the build context has is known without it.
        let elsewhere = !one.sources.iter().all(|source| matches!(source.kind, CopyKind::Context));
        (elsewhere || view.files().is_err()) && one.destination.as_deref().is_ok_and(is_below)
    });
    let made = |effect: Effect| match effect {
        Effect::Writes(paths) | Effect::Trees(paths) => paths.iter().any(|path| is_below(path)),
        // A package may have it.
        Effect::Packages(_) => path.starts_with("/usr/"),
        _ => false,
    };
    copied || view.ran().flat_map(|ran| effects::of(view, ran)).any(made)
}

fn nobody_makes(path: &str) -> Why {
    let message = format!("the command reads `{path}`, and no step is known to make it");
    Why::new("launch-unknown", message)
}

/// The folders of the project: where it is built, or the folder above that the files are copied to.
fn roots(view: &View<'_, '_>, folders: &[String]) -> Result<Vec<String>, Why> {
    let mut roots = BTreeSet::new();
    for folder in folders {
        let mut root = folder.as_str();
        let copied: Vec<&str> =
            view.run.paths.copied().filter_map(|one| one.destination.as_deref().ok()).collect();
        if folder == "/" || copied.contains(&"/") {
            let message = "the project is built in `/`; give it a folder of its own with WORKDIR";
            return Err(Why::new("no-workdir", message));
        }
        for destination in copied {
            let below = root.strip_prefix(destination).is_some_and(|rest| rest.starts_with('/'));
            if below {
                root = destination;
            }
        }
        roots.insert(root.to_owned());
    }
    Ok(roots.into_iter().collect())
}

/// Whether a command only readies or tidies the project: wrappers made executable, sources and downloads removed, an
/// archive unpacked in it.
fn is_housekeeping(ran: &Ran, roots: &[String]) -> bool {
    let Some(arguments) = ran.arguments() else { return false };
    let paths: Vec<&str> = arguments.into_iter().filter(|text| !text.starts_with('-')).collect();
    let is_inside = |text: &str| {
        let text = text.replacen("~/", "/root/", 1);
        let path = ran.path(&text).unwrap_or_default();
        let inside =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        roots.iter().any(|root| inside(root)) || CACHES.iter().any(|root| inside(root))
    };
    let is_wrapper = |text: &&str| {
        let name = text.rsplit('/').next().unwrap_or_default();
        matches!(name, "mvnw" | "gradlew")
    };
    match ran.name() {
        Some("rm") => !paths.is_empty() && paths.iter().all(|path| is_inside(path)),
        Some("chmod" | "sed" | "dos2unix") => {
            let files: Vec<&&str> = paths.iter().skip(usize::from(ran.name() != Some("dos2unix"))).collect();
            !files.is_empty() && files.into_iter().all(is_wrapper)
        }
        _ => false,
    }
}

/// The last step of the builder: the last that builds, or uses what was built.
fn last(view: &View<'_, '_>, build: &Build, explained: &BTreeSet<(usize, usize)>) -> usize {
    let uses = |ran: &Ran| {
        ran.command.words.iter().any(|word| {
            ran.path(&word.text)
                .is_some_and(|path| trace::below_output(&build.folders, build.output, &path).is_some())
        })
    };
    let used = view.ran().filter(|ran| explained.contains(&ran.at) || uses(ran)).map(|ran| ran.at.0);
    used.max().unwrap_or_default()
}

/// The words of a call of one of the tools, its name first: `mvn package`, `sh ./mvnw package`.
pub(super) fn call<'r>(ran: &'r Ran, names: &[&str]) -> Option<&'r [Word]> {
    let words = ran.command.words.as_slice();
    let is_tool = |words: &[Word]| {
        let first = words.first().filter(|word| word.literal);
        first.is_some_and(|word| names.contains(&word.text.rsplit('/').next().unwrap_or_default()))
    };
    let behind = words.get(1..).unwrap_or_default();
    let shell = matches!(ran.name(), Some("sh" | "bash")) && is_tool(behind);
    if shell { Some(behind) } else { is_tool(words).then_some(words) }
}

/// Without what lies in a folder that goes over anyway.
fn tidy(copies: &[CopyOut]) -> Vec<CopyOut> {
    let mut made: Vec<CopyOut> = Vec::new();
    for copy in copies {
        let inside =
            copies.iter().any(|other| other != copy && copy.from == copy.to && other.carries(&copy.from));
        if !inside && !made.contains(copy) {
            made.push(copy.clone());
        }
    }
    made
}

/// A hazard at the base image.
pub(super) fn hazard(view: &View<'_, '_>, id: &'static str, message: String) -> Hazard {
    Hazard { id, message, place: Some(Place::Here(view.stage.image.span())) }
}
