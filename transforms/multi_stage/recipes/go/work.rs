//! What the steps of a stage do to build Go programs, and which of them containers start.

mod layout;

use std::collections::BTreeSet;

use harden_core::syntax::Span;
use harden_core::{Why, image_path};

use super::super::super::effects::{self, Effect};
use super::super::super::gates;
use super::super::super::split::CopyOut;
use super::super::super::view::{Step, View};
use super::calls::{Called, DEFAULT_PATH, called, drops_path, is_build_tool, search_path};
use super::commands::{self, Build, Exported, Task};
use super::programs::{self, Kind, Modules, Program};
use crate::non_root_user::launch::Started;

/// The steps, read.
pub(super) struct Work {
    /// The last step that has to be in the builder.
    pub(super) last: usize,
    /// Commands that only build.
    pub(super) explained: BTreeSet<(usize, usize)>,
    /// Commands that an image without a distribution makes needless: packages whose files are copied.
    pub(super) covered: BTreeSet<(usize, usize)>,
    /// Folders of the project, in the builder.
    pub(super) roots: BTreeSet<String>,
    /// What goes into the runtime stage.
    pub(super) programs: Vec<Runnable>,
    /// Files and folders that steps remove: the first byte of the step, and the path.
    pub(super) removed: Vec<(u32, String)>,
    /// Packages of the distribution that steps install.
    installed: BTreeSet<String>,
    /// The module needs others.
    pub(super) has_dependencies: bool,
    /// `go run` in a step.
    pub(super) runs_own: Option<Span>,
    /// PATH is only set for programs of the builder.
    pub(super) drops_path: bool,
    /// What the runtime stage gets names GOPATH, GOROOT or GOBIN.
    pub(super) keeps_gopath: bool,
    /// Folders where commands are found by their names.
    path: Vec<String>,
}

/// A program and where the runtime stage has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Runnable {
    pub(super) program: Program,
    /// Where it is in the builder.
    stays: bool,
    /// In a folder of PATH, because a command calls it by its name and its own folder is not in PATH any more.
    found: bool,
}

/// Packages that only builds use, or whose files an image without a distribution gets from the builder. They are left
/// behind where the program starts no other programs.
const COVERED: [&str; 40] = [
    "apk-tools",
    "bash",
    "binutils",
    "build-base",
    "build-essential",
    "ca-certificates",
    "clang",
    "coreutils",
    "curl",
    "file",
    "findutils",
    "g++",
    "gcc",
    "gettext",
    "git",
    "gnupg",
    "jq",
    "libc-dev",
    "libc6-dev",
    "linux-headers",
    "make",
    "mercurial",
    "musl-dev",
    "nodejs",
    "npm",
    "openssh",
    "openssh-client",
    "pkg-config",
    "pkgconfig",
    "pkgconf",
    "protobuf",
    "protobuf-compiler",
    "protobuf-dev",
    "subversion",
    "tar",
    "tzdata",
    "unzip",
    "upx",
    "upx-ucl",
    "wget",
];

/// Programs that are essential to Debian and Ubuntu (coreutils, findutils, grep, gzip, hostname, sed, tar) and applets of
/// Alpine's busybox as well.
const EVERYWHERE: [&str; 36] = [
    "awk", "base64", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "dd", "df", "dirname", "du",
    "echo", "env", "false", "find", "grep", "gzip", "head", "hostname", "id", "ln", "ls", "mkdir", "mv",
    "pwd", "rm", "sed", "sleep", "sort", "tail", "tar", "touch", "true", "uname",
];

impl Runnable {
    /// What the runtime stage takes.
    pub(super) fn copies(&self) -> impl Iterator<Item = CopyOut> {
        let path = &self.program.path;
        let folder = self.program.kind == Kind::Folder;
        let name = path.rsplit('/').next().unwrap_or_default();
        let bin = if folder { "/usr/local/bin".to_owned() } else { format!("/usr/local/bin/{name}") };
        let at = |to: String| CopyOut { from: path.clone(), to, folder };
        let (stays, found) = (self.stays.then(|| at(path.clone())), self.found.then(|| at(bin)));
        stays.into_iter().chain(found)
    }
}

impl Work {
    /// Reads the steps. `None`: they build no Go program.
    pub(super) fn read(view: &View<'_, '_>) -> Result<Option<Self>, Why> {
        let mut reader = Reader::new(view);
        for step in &view.steps {
            reader.step(step)?;
        }
        let builds = !reader.made.is_empty();
        if let Some(one) = view.launched.commands.iter().find(|one| is_build_tool(one, &reader.made)) {
            let name = one.command.name().unwrap_or_default();
            let message = format!(
                "{} runs `{name}`, which builds; build the program in a RUN and start it by its name",
                one.by
            );
            return Err(Why::new("command-builds", message));
        }
        if !builds {
            return Ok(None);
        }
        reader.finish().map(Some)
    }

    /// Whether steps install a package.
    pub(super) fn installs(&self, name: &str) -> bool {
        self.installed.contains(name)
    }

    /// Whether the runtime stage has a program of this name or path: its own, a package's, or one of every distribution.
    pub(super) fn has(&self, name: &str) -> bool {
        let own = self.programs.iter().any(|one| {
            one.program.path == name || (one.found && one.program.path.rsplit('/').next() == Some(name))
        });
        own || self.installs(name) || EVERYWHERE.contains(&name)
    }

    /// Whether a command is nothing but one of the programs.
    pub(super) fn starts(&self, started: &Started) -> bool {
        let Some(called) = called(started) else { return false };
        self.programs.iter().any(|one| called.is(&one.program, &self.path))
    }

    /// `server is` or `server, worker are`, with the verb of that number.
    pub(super) fn are(&self, one: &str, several: &str) -> String {
        let name = |one: &Runnable| {
            let path = one.program.path.as_str();
            if one.program.kind == Kind::Folder {
                return format!("the programs in `{path}`");
            }
            format!("`{}`", path.rsplit('/').next().unwrap_or(path))
        };
        let mut names: Vec<String> = self.programs.iter().map(name).collect();
        names.dedup();
        let is_one = names.len() == 1 && !self.programs.iter().any(|one| one.program.kind == Kind::Folder);
        format!("{} {}", names.join(", "), if is_one { one } else { several })
    }
}

struct Reader<'v, 'c, 'a> {
    view: &'v View<'c, 'a>,
    set: Exported,
    modules: Modules,
    made: Vec<Program>,
    builds: Vec<Build>,
    explained: BTreeSet<(usize, usize)>,
    covered: BTreeSet<(usize, usize)>,
    removed: Vec<(u32, String)>,
    installed: BTreeSet<String>,
    folders: BTreeSet<String>,
    last: usize,
    runs_own: Option<Span>,
    has_dependencies: bool,
}

impl<'v, 'c, 'a> Reader<'v, 'c, 'a> {
    fn new(view: &'v View<'c, 'a>) -> Self {
        let mut folders: BTreeSet<String> = DEFAULT_PATH.iter().map(|path| (*path).to_owned()).collect();
        folders
            .extend(["/", "/go", "/go/bin", "/go/src", "/opt", "/root", "/home", "/tmp"].map(str::to_owned));
        folders.extend(view.steps.iter().filter_map(|step| step.workdir.clone().ok()));
        Self {
            view,
            set: Exported::default(),
            modules: Modules::default(),
            made: Vec::new(),
            builds: Vec::new(),
            explained: BTreeSet::new(),
            covered: BTreeSet::new(),
            removed: Vec::new(),
            installed: BTreeSet::new(),
            folders,
            last: 0,
            runs_own: None,
            has_dependencies: false,
        }
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), Why> {
        for ran in &step.ran {
            self.set.note(ran);
            let task = match commands::read(self.view, ran, &self.set) {
                Some(Ok(task)) => task,
                Some(Err(what)) => {
                    let message = format!("what `go` makes cannot be told: {what}");
                    return Err(Why::new("program-unknown", message));
                }
                None => {
                    self.other(step, ran);
                    continue;
                }
            };
            let helps = match task {
                Task::Build(build) => {
                    self.build(build);
                    true
                }
                Task::Helps => ran.name() != Some("git"),
                Task::Runs => {
                    self.runs_own = Some(step.instruction.span());
                    true
                }
                Task::Module { folder, path } => {
                    self.modules.make(folder, path);
                    true
                }
                Task::Moves { from, to, keeps } => {
                    if !self.moves(&from, &to, keeps) {
                        self.other(step, ran);
                        continue;
                    }
                    true
                }
                Task::Touches(paths) => {
                    let own = |path: &String| self.made.iter().any(|one| one.path == *path);
                    if paths.is_empty() || !paths.iter().all(own) {
                        self.other(step, ran);
                        continue;
                    }
                    true
                }
            };
            self.explained.insert(ran.at);
            if helps {
                self.last = self.last.max(step.index);
            }
        }
        Ok(())
    }

    fn build(&mut self, build: Build) {
        let view = self.view;
        let holds_files = |path: &str| view.files().is_ok_and(|files| files.below(path).next().is_some());
        let folders = &self.folders;
        let is_folder = |path: &str| folders.contains(path) || holds_files(path);
        // The image leaves /go/bin empty.
        let only = |path: &str| path == "/go/bin" || (!folders.contains(path) && !holds_files(path));
        let made = programs::of(view, &build, &mut self.modules, is_folder, only);
        self.made.extend(made);
        self.builds.push(build);
    }

    /// A program that is moved or copied; false when it is something else.
    fn moves(&mut self, from: &str, to: &str, keeps: bool) -> bool {
        let Some(at) = self.made.iter().position(|one| one.path == from && one.kind == Kind::File) else {
            return false;
        };
        let name = from.rsplit('/').next().unwrap_or_default();
        let into = to.ends_with('/') || self.folders.contains(to);
        let path = if into { image_path::resolve(to, name) } else { to.to_owned() };
        if let Some(program) = self.made.get(at).cloned() {
            if keeps {
                if let Some(left) = self.made.get_mut(at) {
                    left.optional = true;
                }
            } else {
                self.made.remove(at);
            }
            self.made.push(Program { path, ..program });
        }
        true
    }

    /// A command that is no Go matter.
    fn other(&mut self, step: &Step<'_>, ran: &super::super::super::ran::Ran) {
        let mut is_covered = true;
        for effect in effects::of(self.view, ran) {
            match effect {
                Effect::Removes(paths) => {
                    let at = step.instruction.span().start;
                    self.removed.extend(paths.into_iter().map(|path| (at, path)));
                    is_covered = false;
                }
                Effect::Folders(paths) => {
                    self.folders.extend(paths);
                    is_covered = false;
                }
                Effect::Packages(packages) => {
                    for package in packages {
                        is_covered &= COVERED.contains(&package.name());
                        self.installed.insert(package.name().to_owned());
                    }
                }
                Effect::Unpackages(_) | Effect::Refresh | Effect::Upgrade | Effect::Mirror => {}
                // The bundle it makes is copied.
                Effect::System if ran.name() == Some("update-ca-certificates") => {}
                _ => is_covered = false,
            }
        }
        if is_covered {
            self.covered.insert(ran.at);
        }
        if ran.name() == Some("mv")
            && let Some(Task::Moves { from, .. }) =
                commands::read(self.view, ran, &self.set).and_then(Result::ok)
        {
            self.removed.push((step.instruction.span().start, from));
        }
    }

    fn finish(mut self) -> Result<Work, Why> {
        let view = self.view;
        let roots = self.roots();
        self.cleaning();
        let started: Vec<Called> =
            view.launched.commands.iter().filter(|one| !one.health).filter_map(called).collect();
        let path = search_path(view);
        let mut programs = Vec::new();
        let mut is_started = false;
        for program in std::mem::take(&mut self.made) {
            let calls: Vec<&Called> = started.iter().filter(|one| one.is(&program, &path)).collect();
            is_started |= !calls.is_empty();
            if program.kind == Kind::Nameless {
                let bare = calls.iter().any(|one| one.bare);
                programs.extend(self.named(&program, &calls).into_iter().map(|one| (one, bare)));
            } else if !program.optional || !calls.is_empty() {
                let bare = calls.iter().any(|one| one.bare);
                programs.push((program, bare));
            }
        }
        if !is_started || programs.is_empty() {
            gates::stop(view)?;
            let message =
                "the command of the image is none of the programs that `go` builds in it; name it in CMD";
            return Err(Why::new("program-not-started", message));
        }
        let keeps_gopath = self.mentions(&["GOPATH", "GOROOT", "GOBIN"]);
        let drops_path = drops_path(view);
        let bin = programs::bin(view);
        let programs: Vec<Runnable> = programs
            .into_iter()
            .map(|(program, bare)| {
                let folder = if program.kind == Kind::Folder {
                    program.path.clone()
                } else {
                    image_path::resolve(&program.path, "..")
                };
                let stays = folder != bin || keeps_gopath || self.mentions(&[program.path.as_str()]);
                let is_in_path = DEFAULT_PATH.contains(&folder.as_str())
                    || (!drops_path && view.run.paths.path_env().split(':').any(|one| one == folder));
                // Whoever uses the image may know the name of a program that is not started here.
                Runnable { program, stays, found: !is_in_path && (bare || !stays) }
            })
            .collect();
        Ok(Work {
            last: self.last,
            explained: self.explained,
            covered: self.covered,
            roots,
            programs,
            removed: self.removed,
            installed: self.installed,
            has_dependencies: self.has_dependencies,
            runs_own: self.runs_own,
            drops_path,
            keeps_gopath,
            path,
        })
    }
}
