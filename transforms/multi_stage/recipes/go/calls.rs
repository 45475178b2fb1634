//! What containers call, and where it is found.

use harden_core::image_path;
use harden_core::syntax::Keyword;

use super::super::super::view::View;
use super::commands::GOPATH;
use super::programs::{Kind, Program};
use super::project::is_below;
use crate::non_root_user::launch::Started;

/// Where programs are found that are called by their names, besides PATH of the file.
pub(super) const DEFAULT_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What a command calls.
pub(super) struct Called {
    /// The absolute path; of a name without a slash, the name.
    pub(super) path: String,
    /// There is no slash in it.
    pub(super) bare: bool,
}

impl Called {
    /// Whether it is the program, or one the folder may hold; `path` are the folders of PATH.
    pub(super) fn is(&self, program: &Program, path: &[String]) -> bool {
        let holds = program.kind != Kind::File;
        if self.bare {
            let name = program.path.rsplit('/').next();
            let folder = if holds { program.path.clone() } else { image_path::resolve(&program.path, "..") };
            return path.contains(&folder) && (holds || name == Some(self.path.as_str()));
        }
        if holds { image_path::resolve(&self.path, "..") == program.path } else { self.path == program.path }
    }
}

/// What a started command calls, where that is known.
pub(super) fn called(started: &Started) -> Option<Called> {
    let word = started.command.words.first()?;
    // GOPATH is the only variable of the image that commands name.
    let text = word.text.replace("${GOPATH}", GOPATH).replace("$GOPATH/", &format!("{GOPATH}/"));
    if !word.literal && text.contains(['$', '*', '?', '[', '~', '`']) {
        return None;
    }
    if text.contains('/') {
        let folder = if text.starts_with('/') { "/" } else { started.workdir.as_deref()? };
        return Some(Called { path: image_path::resolve(folder, &text), bare: false });
    }
    Some(Called { path: text, bare: true })
}

/// Programs that build what they run, or that developers run programs in.
pub(super) fn is_build_tool(started: &Started, made: &[Program]) -> bool {
    let Some(name) = started.command.name() else { return false };
    let known = matches!(
        name,
        "CompileDaemon"
            | "air"
            | "arelo"
            | "dlv"
            | "fresh"
            | "gin"
            | "go"
            | "go-wrapper"
            | "gow"
            | "mage"
            | "make"
            | "modd"
            | "nodemon"
            | "realize"
            | "reflex"
            | "task"
            | "watchexec"
            | "wgo"
    );
    let own = |one: &&Program| {
        !one.optional && one.kind != Kind::Nameless && one.path.rsplit('/').next() == Some(name)
    };
    known && !made.iter().any(|one| own(&one))
}

/// The folders of PATH in the builder.
pub(super) fn search_path(view: &View<'_, '_>) -> Vec<String> {
    let own = view.run.paths.path_env().split(':').filter(|path| path.starts_with('/'));
    let all = own.chain(DEFAULT_PATH).chain(["/go/bin", "/usr/local/go/bin"]);
    all.map(|path| image_path::resolve("/", path)).collect()
}

/// Whether PATH gets nothing but folders of Go.
pub(super) fn drops_path(view: &View<'_, '_>) -> bool {
    let mut all = view
        .steps
        .iter()
        .filter(|step| step.instruction.keyword() == Keyword::Env)
        .flat_map(|step| step.instruction.pairs())
        .filter(|pair| pair.key.text() == "PATH")
        .peekable();
    all.peek().is_some()
        && all.all(|pair| {
            let text = pair.whole.text();
            let value = text.strip_prefix("PATH").unwrap_or(text).trim_start_matches(['=', ' ', '\t']);
            value.trim_matches('"').split(':').all(|folder| {
                matches!(folder, "$PATH" | "${PATH}")
                    || ["GOPATH", "GOROOT", "GOBIN"].iter().any(|word| folder.contains(word))
                    || DEFAULT_PATH.contains(&folder)
                    || is_below("/go", folder)
                    || is_below("/usr/local/go", folder)
            })
        })
}
