//! What the RUN steps build, and where the programs are at the end of each.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::syntax::{Flag, Keyword};
use harden_core::{Why, image_path};

use super::super::super::ran::Ran;
use super::super::super::view::{Step, View};
use super::arguments;
use super::cargo::{self, Build, Task};
use super::project::{self, Project};
use crate::multi_stage::recipes::compiled::is_below;

/// The programs of a stage.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// Every command of Cargo that builds the project.
    pub(super) builds: Vec<Build>,
    /// The project; `None` when its files are not at hand.
    pub(super) project: Option<Project>,
    /// Folders of the project.
    pub(super) roots: Vec<String>,
    /// Programs by their path.
    pub(super) programs: BTreeMap<String, Program>,
    /// Symbolic links to programs.
    pub(super) links: BTreeMap<String, String>,
    /// Folders programs are made in, where their names are not known.
    guessed: BTreeSet<String>,
    /// Programs that lay in the cache of a RUN, so that the image has none.
    pub(super) cached: BTreeSet<String>,
    /// Folders that get programs of crates from elsewhere, and the names of these.
    pub(super) foreign: BTreeMap<String, Vec<String>>,
    /// Commands that do nothing but build.
    pub(super) explained: BTreeSet<(usize, usize)>,
    /// The last step that has any of it.
    pub(super) last: usize,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// What Cargo calls it.
    pub(super) name: String,
    /// It may not be there.
    pub(super) optional: bool,
    /// It is where Cargo puts what it builds.
    pub(super) in_target: bool,
}

impl Built {
    /// Reads the steps; `None` when none of them builds anything with Cargo.
    ///
    /// # Errors
    /// What is built is not known.
    pub(super) fn read(view: &View<'_, '_>) -> Option<Result<Self, Why>> {
        let builds = |ran: &Ran| {
            ran.name() == Some("cargo")
                && ran
                    .command
                    .words
                    .iter()
                    .skip(1)
                    .any(|word| matches!(word.text.as_str(), "build" | "b" | "install" | "rustc"))
        };
        if !view.ran().any(builds) {
            return None;
        }
        let mut built = Self::default();
        for step in &view.steps {
            if let Err(why) = built.step(view, step) {
                return Some(Err(why));
            }
        }
        if built.builds.is_empty() && built.foreign.is_empty() {
            return None;
        }
        Some(Ok(built))
    }

    fn step(&mut self, view: &View<'_, '_>, step: &Step<'_>) -> Result<(), Why> {
        if step.instruction.keyword() != Keyword::Run {
            return Ok(());
        }
        for ran in &step.ran {
            let known = match cargo::task(view, ran)? {
                Some(task) => {
                    self.task(view, task)?;
                    true
                }
                None => self.command(view, ran),
            };
            if known {
                self.explained.insert(ran.at);
                self.last = step.index;
            }
        }
        for folder in mounted(view, step)? {
            let hidden = |path: &String| is_below(path, &folder);
            let gone: Vec<String> = self.programs.keys().filter(|path| hidden(path)).cloned().collect();
            for path in gone {
                self.programs.remove(&path);
                self.cached.insert(path);
            }
            let gone: Vec<String> = self.guessed.iter().filter(|path| hidden(path)).cloned().collect();
            for path in gone {
                self.guessed.remove(&path);
                self.cached.insert(path);
            }
        }
        Ok(())
    }

    fn task(&mut self, view: &View<'_, '_>, task: Task) -> Result<(), Why> {
        match task {
            Task::Helps => {}
            Task::Program { names, bin } => self.foreign.entry(bin).or_default().extend(names),
            Task::Clean(folder) => {
                let target = image_path::resolve(&folder, "target");
                self.programs.retain(|path, one| {
                    !(one.in_target && (is_below(path, &target) || is_below(path, &folder)))
                });
                self.guessed.retain(|path| !is_below(path, &target) && !is_below(path, &folder));
            }
            Task::Build(build) => self.build(view, build)?,
        }
        Ok(())
    }

    fn build(&mut self, view: &View<'_, '_>, build: Build) -> Result<(), Why> {
        let project = Project::find(view, &build.folder)?;
        let root = project.as_ref().map_or(&build.folder, |project| &project.root).clone();
        if let Some(other) = self.roots.first()
            && *other != root
        {
            let message =
                format!("Cargo builds in {other} and in {root}; which of it is the program is not known");
            return Err(Why::new("two-projects", message));
        }
        let settings = project.as_ref().map(|project| project.settings.clone()).unwrap_or_default();
        let target = match (&build.target_dir, &settings.target_dir) {
            (Some(folder), _) => folder.clone(),
            (None, Some(folder)) => image_path::resolve(&root, folder),
            (None, None) => image_path::resolve(&root, "target"),
        };
        let triple = match (&build.triple, settings.target) {
            (Some(triple), _) => Some(triple.clone()),
            (None, None) => None,
            (None, Some(Ok(triple))) => Some(triple),
            (None, Some(Err(()))) => {
                return Err(Why::new("many-targets", "Cargo builds for more than one kind of machine"));
            }
        };
        let folder = match &triple {
            Some(triple) => image_path::resolve(&image_path::resolve(&target, triple), &build.profile),
            None => image_path::resolve(&target, &build.profile),
        };
        if let (Some(project), Ok(files)) = (&project, view.files()) {
            for made in project.programs(files, &build) {
                let mut add = |folder: &str, in_target: bool| {
                    let path = image_path::resolve(folder, &made.name);
                    let program = Program { name: made.name.clone(), optional: made.optional, in_target };
                    self.programs.insert(path, program);
                };
                add(&folder, true);
                build.into.iter().for_each(|folder| add(folder, false));
            }
        } else {
            self.guessed.insert(folder);
            self.guessed.extend(build.into.iter().cloned());
        }
        self.roots = project.as_ref().map_or_else(|| vec![root], Project::folders);
        self.project = project;
        let flags = format!("{} {}", build.flags, settings.flags);
        self.builds.push(Build { triple, flags, ..build });
        Ok(())
    }

    /// The program at a path, links followed.
    pub(super) fn program(&self, path: &str) -> Option<Program> {
        let path = self.links.get(path).map_or(path, String::as_str);
        self.programs.get(path).cloned().or_else(|| {
            let (folder, name) = path.rsplit_once('/')?;
            let fits = self.guessed.contains(if folder.is_empty() { "/" } else { folder });
            (fits && !name.contains('.')).then(|| Program {
                name: name.to_owned(),
                optional: false,
                in_target: true,
            })
        })
    }

    /// Commands that move programs, and those that make room for sources. Whether it is one of them.
    fn command(&mut self, view: &View<'_, '_>, ran: &Ran) -> bool {
        let words: Option<Vec<String>> =
            ran.command.words.iter().skip(1).map(|word| arguments::text(view, ran, word)).collect();
        let redirects = || {
            let paths = ran.command.redirects.iter().filter(|(sign, _)| sign.contains('>'));
            let known =
                paths.map(|(_, word)| arguments::text(view, ran, word).and_then(|text| ran.path(&text)));
            known.collect::<Option<Vec<String>>>()
        };
        let Some(targets) = redirects() else { return false };
        let name = ran.name().unwrap_or_default();
        let sources = |paths: &[String]| !paths.is_empty() && paths.iter().all(|path| self.is_source(path));
        if matches!(name, "echo" | "printf" | "cat") {
            return sources(&targets);
        }
        // Patterns: sources, and what lies below the folder of what is built.
        if name == "rm" && words.is_none() {
            let paths = ran.command.words.iter().skip(1).filter(|word| !word.text.starts_with('-'));
            let paths: Option<Vec<String>> = paths.map(|word| ran.path(&word.text)).collect();
            let inner = |path: &String| {
                let made = ["/deps/", "/.fingerprint/", "/incremental/"];
                let is_made = path.contains("/target/") && made.iter().any(|one| path.contains(one));
                is_made || project::is_rust(path) && self.is_source(path)
            };
            return paths.is_some_and(|paths| !paths.is_empty() && paths.iter().all(inner));
        }
        let Some(words) = words else { return false };
        let operands: Vec<String> =
            words.iter().filter(|word| !word.starts_with('-')).filter_map(|word| ran.path(word)).collect();
        if !targets.is_empty() || ran.command.place.fallback {
            return false;
        }
        match name {
            "mkdir" | "touch" => sources(&operands),
            "rm" => {
                let programs: Vec<String> = operands
                    .iter()
                    .flat_map(|path| self.programs.keys().filter(move |one| is_below(one, path)).cloned())
                    .collect();
                let is_source = sources(&operands);
                for path in &programs {
                    self.programs.remove(path);
                }
                self.guessed.retain(|folder| !operands.iter().any(|path| is_below(folder, path)));
                is_source || !programs.is_empty()
            }
            "strip" | "upx" => {
                !operands.is_empty() && operands.iter().all(|path| self.program(path).is_some())
            }
            "cp" | "mv" | "install" | "ln" => self.moved(view, ran, name, &words, &operands),
            _ => false,
        }
    }

    fn moved(
        &mut self,
        view: &View<'_, '_>,
        ran: &Ran,
        name: &str,
        words: &[String],
        operands: &[String],
    ) -> bool {
        // `install -m 755 a b`: the mode is no operand.
        let plain = words.iter().filter(|word| word.starts_with('-')).all(|word| {
            matches!(
                word.as_str(),
                "-f" | "-p"
                    | "-a"
                    | "-v"
                    | "-s"
                    | "-sf"
                    | "-fs"
                    | "-n"
                    | "-i"
                    | "-u"
                    | "-D"
                    | "-Dm755"
                    | "-m755"
                    | "-fv"
                    | "-vf"
                    | "-snf"
                    | "-sfn"
            )
        });
        let [from, to] = operands else { return false };
        let Some(program) = self.program(from) else {
            // `mv src/bin/a.rs src/main.rs`
            return plain && self.is_source(from) && self.is_source(to);
        };
        if !plain {
            return false;
        }
        let last = words.last().map_or("", String::as_str);
        let file = from.rsplit('/').next().unwrap_or_default();
        let is_folder = last.ends_with('/') || matches!(last, "." | "..") || self.is_folder(view, ran, to);
        let to = if is_folder { image_path::resolve(to, file) } else { to.clone() };
        if name == "ln" {
            let symbolic = words.iter().any(|word| word.starts_with('-') && word.contains('s'));
            if symbolic {
                self.links.insert(to, from.clone());
            }
            // The link itself is made again in the runtime stage.
            return false;
        }
        if name == "mv" {
            self.programs.remove(from);
        }
        let program = Program { in_target: false, ..program };
        self.programs.insert(to, program);
        true
    }

    /// Whether the stage has a folder of that path, as far as the file tells.
    fn is_folder(&self, view: &View<'_, '_>, ran: &Ran, path: &str) -> bool {
        const USUAL: [&str; 12] = [
            "/",
            "/bin",
            "/home",
            "/opt",
            "/root",
            "/sbin",
            "/srv",
            "/tmp",
            "/usr/bin",
            "/usr/local",
            "/usr/local/bin",
            "/usr/sbin",
        ];
        let mut steps = view.steps.iter().take(ran.at.0 + 1);
        let made = |one: &Ran| {
            one.name() == Some("mkdir")
                && one.command.words.iter().skip(1).any(|word| one.path(&word.text).as_deref() == Some(path))
        };
        USUAL.contains(&path)
            || self.roots.iter().any(|root| is_below(root, path))
            || steps.any(|step| {
                step.workdir.as_deref().is_ok_and(|folder| is_below(folder, path))
                    || step.ran.iter().any(made)
            })
    }

    /// Whether only the build reads what is there: a source of a project, or what Cargo made.
    fn is_source(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        // Before the first build nobody knows where the project is.
        let by_name =
            matches!(name, "Cargo.toml" | "Cargo.lock" | "main.rs" | "lib.rs" | "build.rs" | "dummy.rs")
                || path.ends_with("/src")
                || path.contains("/src/") && (project::is_rust(path) || !name.contains('.'))
                || matches!(name, "benches" | "target") && !path.starts_with("/usr/");
        let inside = self.roots.iter().any(|root| {
            path.strip_prefix(root.as_str())
                .map(|rest| rest.trim_start_matches('/'))
                .is_some_and(|rest| !rest.is_empty() && (rest == "src" || project::is_source(rest)))
        });
        let is_system = ["/usr/src", "/opt/src", "/src"].contains(&path);
        (by_name && !is_system) || inside
    }
}

/// Folders that the RUN gets from elsewhere, so that nothing of them stays in the image.
fn mounted(view: &View<'_, '_>, step: &Step<'_>) -> Result<Vec<String>, Why> {
    let mut folders = Vec::new();
    let mounts = step.instruction.flags().filter(|flag| flag.name() == "mount").filter_map(Flag::mount);
    for fields in mounts {
        let value = |keys: &[&str]| {
            let field = fields.iter().find(|field| keys.contains(&field.key.as_str()));
            field.and_then(|field| field.value.as_deref()).map(str::to_owned)
        };
        if !matches!(value(&["type"]).as_deref(), Some("cache" | "tmpfs" | "bind") | None) {
            continue;
        }
        let Some(target) = value(&["target", "dst", "destination"]) else { continue };
        let target = view.scopes.expand_text(&step.state, &target)?.text;
        let workdir = step.workdir.as_deref().unwrap_or("/");
        folders.push(image_path::resolve(workdir, &target));
    }
    Ok(folders)
}
