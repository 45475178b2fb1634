//! What Maven and Gradle projects have in common: the image that runs them, what the command reads, and what of the
//! project goes over.
//!
//! The command names the JAR, so it is clear which file is needed and where. Whether it is all that is needed the
//! recipes of the tools find out. Sources and build files stay behind; every other file of the project goes over,
//! because programs read files beside their JAR. Not done: Spring Boot's layers (`-Djarmode=tools`), which change the
//! command.
//!
//! Sources: the official images of eclipse-temurin, openjdk, maven and gradle; the manual page of `java`.

mod images;
mod launch;
pub(super) mod pom;
pub(super) mod script;
mod trace;

use std::collections::BTreeSet;

use harden_core::syntax::Keyword;
use harden_core::{Hazard, Place, Why, image_path};

use self::launch::{JavaCommand, Named};
pub(super) use self::trace::Artefact;
use crate::multi_stage::effects::{self, Effect};
use crate::multi_stage::files::Files;
use crate::multi_stage::ran::Ran;
use crate::multi_stage::split::{CopyOut, Split};
use crate::multi_stage::view::View;
use crate::support::base_images;

/// Source files that are read for what a program needs besides its JAR.
const MAX_READ: usize = 64;

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
/// `command-builds`, `launch-unknown`, `needs-jdk`, `no-workdir`, `java-home`, `base-account`, those of the runtime
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
    java_home(view, runtime.home, &started)?;
    accounts(view, &runtime.image)?;

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
    behind(view, last, &runtime)?;

    let mut hazards = runtime.hazards;
    hazards.extend(made.contents.iter().flat_map(|contents| contents.hazards.iter().cloned()));
    let mut assumptions = runtime.assumptions;
    let end = view.steps.get(last).map_or(0, |step| step.instruction.span().end);
    match view.files() {
        Ok(files) => {
            assets(files, &roots, build, end, &mut made.copies);
            named(view, files, &started, end, &mut made.copies);
            read_sources(view, files, &mut hazards, &mut assumptions);
        }
        Err(why) => hazards.push(Hazard {
            id: "context-unknown",
            message: format!("which files beside the JAR the program reads is not known: {}", why.message),
            place: None,
        }),
    }
    written(view, build, &roots, last, &mut made);
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
        copies: tidy(made.copies),
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
            if let Some(artefact) = find(other) {
                self.add(other, &artefact);
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

/// Steps behind the split run in the runtime image.
fn behind(view: &View<'_, '_>, last: usize, runtime: &images::Runtime) -> Result<(), Why> {
    let moves =
        view.image.repository() != runtime.image.image.as_ref().map_or("", |image| image.repository());
    for ran in view.ran().filter(|ran| ran.at.0 > last && moves) {
        if let Some(name) = ran.name().filter(|name| images::is_package_manager(name))
            && runtime.hazards.iter().any(|hazard| hazard.id == "distribution-changes")
        {
            let message = format!(
                "`{name}` installs packages behind the build, and `{}` is another distribution; install them before it",
                runtime.image.text
            );
            return Err(Why::new("distribution-changes", message));
        }
    }
    Ok(())
}

/// JAVA_HOME and absolute paths of `java` have to be right in the runtime image.
fn java_home(view: &View<'_, '_>, home: Option<&str>, started: &[JavaCommand]) -> Result<(), Why> {
    let differs = |path: &str| home.is_none_or(|home| path.trim_end_matches('/') != home);
    let refused =
        |what: &str| Why::new("java-home", format!("{what}, and the runtime image has its JRE elsewhere"));
    for step in view.steps.iter().filter(|step| step.instruction.keyword() == Keyword::Env) {
        for pair in step.instruction.pairs() {
            if pair.key.text() == "JAVA_HOME"
                && differs(pair.whole.text().split_once('=').map_or("", |pair| pair.1))
            {
                return Err(refused("the file sets JAVA_HOME"));
            }
        }
    }
    for program in started.iter().filter_map(|command| command.program.as_deref()) {
        let folder = program.strip_suffix("/bin/java").unwrap_or(program);
        if !folder.starts_with('$') && differs(folder) {
            return Err(refused(&format!("the command starts `{program}`")));
        }
    }
    Ok(())
}

/// Users that only the builder's image has.
///
/// # Errors
/// `base-account`.
pub(super) fn accounts(view: &View<'_, '_>, runtime: &super::super::split::RuntimeImage) -> Result<(), Why> {
    let table = runtime.image.as_ref().and_then(base_images::find);
    for step in view.steps.iter().filter(|step| step.instruction.keyword() == Keyword::User) {
        let user = step.instruction.arguments().text();
        let user = user.split(':').next().unwrap_or(user);
        let number = user.bytes().all(|byte| byte.is_ascii_digit());
        let known = user == "root" || user.contains('$') || view.run.accounts.user(user).is_some();
        let has = table.is_some_and(|entry| entry.account(user).is_some());
        if !(number || known || has) {
            let message = format!(
                "only the image of the builder has the user `{user}`; make it in the file, or use its number"
            );
            return Err(Why::new("base-account", message));
        }
    }
    Ok(())
}

/// What of the project is no source goes over.
fn assets(files: &Files, roots: &[String], build: &Build, end: u32, copies: &mut Vec<CopyOut>) {
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
    const MANIFESTS: [&str; 3] = ["pom.xml", "build.gradle", "build.gradle.kts"];
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
fn named(view: &View<'_, '_>, files: &Files, started: &[JavaCommand], end: u32, copies: &mut Vec<CopyOut>) {
    let _ = view;
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
fn written(view: &View<'_, '_>, build: &Build, roots: &[String], last: usize, made: &mut Made) {
    for ran in view.ran().filter(|ran| ran.at.0 <= last && !made.explained.contains(&ran.at)) {
        let paths = effects::of(view, ran).into_iter().filter_map(|effect| match effect {
            Effect::Writes(paths) => Some(paths),
            _ => None,
        });
        for path in paths.flatten() {
            let inside = roots
                .iter()
                .any(|root| path.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/')));
            let output = trace::below_output(&build.folders, build.output, &path).is_some();
            if inside && !output && !made.copies.iter().any(|copy| copy.carries(&path)) {
                made.copies.push(CopyOut::file(path));
            }
        }
    }
}

/// Looks through the sources for paths of sources and for uses of the JDK.
fn read_sources(
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

/// Without what lies in a folder that goes over anyway.
fn tidy(copies: Vec<CopyOut>) -> Vec<CopyOut> {
    let mut made: Vec<CopyOut> = Vec::new();
    for copy in &copies {
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
