//! What the commands of RUN have to do with building Go programs.
//!
//! Source: `go help build`, `go help install`, `go help environment`.

use harden_core::{Value, image_path};

use super::super::super::ran::Ran;
use super::super::super::view::View;

/// What one command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Makes programs.
    Build(Build),
    /// Only helps the build: fetches modules, generates code, tests.
    Helps,
    /// Runs a program of the project, which may write any file of it.
    Runs,
    /// Names a module: `go mod init`.
    Module { folder: String, path: String },
    /// `mv` or `cp` of one file; paths are absolute.
    Moves { from: String, to: String, keeps: bool },
    /// Changes files in place: `upx`, `strip`, `chmod`; paths are absolute.
    Touches(Vec<String>),
}

/// `go build` or `go install`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Build {
    /// Where it runs, `-C` included.
    pub(super) folder: String,
    /// `go install`.
    pub(super) install: bool,
    /// `-o`, absolute; with a slash at its end when it is written with one.
    pub(super) output: Option<String>,
    /// The packages, as written; `.` when none is named.
    pub(super) packages: Vec<String>,
    /// `-trimpath`: the program does not know where Go was.
    pub(super) trimmed: bool,
    /// Whether the program is linked without a C library.
    pub(super) linking: Linking,
}

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Linking {
    /// With `CGO_ENABLED=0` and nothing that needs a loader.
    Static,
    /// As the Go version, the packages and the C compilers of the image want it.
    Default,
    /// With a loader.
    Dynamic,
}

/// Options of `go build` with a value of their own word.
const WITH_VALUE: [&str; 20] = [
    "-C",
    "-asmflags",
    "-buildmode",
    "-compiler",
    "-covermode",
    "-coverpkg",
    "-exec",
    "-gccgoflags",
    "-gcflags",
    "-installsuffix",
    "-ldflags",
    "-mod",
    "-modfile",
    "-o",
    "-overlay",
    "-p",
    "-pgo",
    "-pkgdir",
    "-tags",
    "-toolexec",
];

/// Programs that generate or check Go code, or fetch what it is built with.
const HELPERS: [&str; 36] = [
    "abigen",
    "buf",
    "dep",
    "easyjson",
    "enumer",
    "ginkgo",
    "glide",
    "go-bindata",
    "go-bindata-assetfs",
    "gocyclo",
    "godep",
    "gofmt",
    "gofumpt",
    "goimports",
    "golangci-lint",
    "golint",
    "gosec",
    "gotestsum",
    "govendor",
    "govulncheck",
    "gqlgen",
    "mockery",
    "mockgen",
    "oapi-codegen",
    "packr",
    "packr2",
    "pkger",
    "protoc",
    "rice",
    "sqlboiler",
    "sqlc",
    "staticcheck",
    "statik",
    "stringer",
    "templ",
    "wire",
];

/// What a command has to do with it; `None` when it is no Go matter. An error says what of it cannot be told.
pub(super) fn read(view: &View<'_, '_>, ran: &Ran, set: &Exported) -> Option<Result<Task, String>> {
    let words: Vec<Word> = ran.command.words.iter().skip(1).map(|word| Word::of(view, ran, word)).collect();
    match ran.name()? {
        "go" => Some(go(view, ran, set, &words)),
        "upx" | "strip" | "chmod" => {
            let mode = usize::from(ran.name() == Some("chmod"));
            let paths = words.iter().filter(|word| !word.text.starts_with('-')).skip(mode);
            let paths = paths.filter_map(|word| word.known.as_deref().and_then(|text| ran.path(text)));
            Some(Ok(Task::Touches(paths.collect())))
        }
        "mv" | "cp" => moves(ran, &words).map(Ok),
        "swag" => Some(Ok(Task::Helps)),
        "git" => is_reading_git(&words).then_some(Ok(Task::Helps)),
        name => (HELPERS.contains(&name) || name.starts_with("protoc-gen-")).then_some(Ok(Task::Helps)),
    }
}

/// A word of a command.
struct Word {
    /// As written, without quotes.
    text: String,
    /// What the command gets, where the file says so.
    known: Option<String>,
}

impl Word {
    fn of(view: &View<'_, '_>, ran: &Ran, word: &harden_core::shell::Word) -> Self {
        let known = if word.literal { Some(word.text.clone()) } else { expanded(view, ran, &word.text) };
        Self { text: word.text.clone(), known }
    }
}

/// A word with variables that ENV sets, and nothing else that is special to the shell.
fn expanded(view: &View<'_, '_>, ran: &Ran, text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./${}+@".contains(&byte);
    if !text.bytes().all(plain) {
        return None;
    }
    let step = view.steps.get(ran.at.0)?;
    let text = text.replace("${GOPATH}", "$GOPATH").replace("${GOBIN}", "$GOBIN");
    let mut text = text;
    if view.scopes.variable(&step.state, "GOPATH").is_none() {
        text = text.replace("$GOPATH", GOPATH);
    }
    let expanded = view.scopes.expand_text(&step.state, &text).ok()?;
    expanded.arguments.is_empty().then_some(expanded.text)
}

/// GOPATH of the official image.
pub(super) const GOPATH: &str = "/go";

fn go(view: &View<'_, '_>, ran: &Ran, set: &Exported, words: &[Word]) -> Result<Task, String> {
    let mut words = words;
    let mut folder = ran.workdir.clone();
    // `go -C DIR build` is how scripts of newer versions write it, too.
    if let [option, value, rest @ ..] = words
        && option.text == "-C"
    {
        folder = folder.and_then(|here| Some(image_path::resolve(&here, value.known.as_deref()?)));
        words = rest;
    }
    let Some((verb, rest)) = words.split_first() else { return Ok(Task::Helps) };
    let known = || folder.clone().ok_or_else(|| "the folder `go` runs in is not known".to_owned());
    match verb.text.as_str() {
        "build" | "install" => build(view, ran, set, known()?, verb.text == "install", rest),
        "run" => Ok(Task::Runs),
        "mod" if rest.first().is_some_and(|word| word.text == "init") => {
            let path = rest.get(1).and_then(|word| word.known.clone());
            Ok(path
                .map_or(Ok(Task::Helps), |path| Ok::<_, String>(Task::Module { folder: known()?, path }))?)
        }
        // Before Go 1.18 `go get` also builds and installs, what is then not known here; a command that calls it is refused.
        "bug" | "clean" | "doc" | "env" | "fix" | "fmt" | "generate" | "get" | "help" | "list" | "mod"
        | "telemetry" | "test" | "tool" | "version" | "vet" | "work" => Ok(Task::Helps),
        other => Err(format!("`go {other}` is not known")),
    }
}

fn build(
    view: &View<'_, '_>,
    ran: &Ran,
    set: &Exported,
    folder: String,
    install: bool,
    words: &[Word],
) -> Result<Task, String> {
    let mut build = Build {
        folder,
        install,
        output: None,
        packages: Vec::new(),
        trimmed: false,
        linking: match set.value(view, ran, "CGO_ENABLED") {
            Setting::Text(text) if text == "0" => Linking::Static,
            Setting::Text(text) if !text.is_empty() => Linking::Dynamic,
            Setting::Unset | Setting::Text(_) => Linking::Default,
            Setting::Unknown => Linking::Dynamic,
        },
    };
    if let Setting::Text(flags) = set.value(view, ran, "GOFLAGS") {
        build.trimmed = flags.contains("-trimpath");
        if ["-race", "-buildmode", "-msan", "-asan", "external"].iter().any(|one| flags.contains(one)) {
            build.linking = Linking::Dynamic;
        }
    }
    if !set.is_unset_or(view, ran, "GOOS", "linux") {
        return Err("`GOOS` may name another system".to_owned());
    }
    if install && !set.is_unset_or(view, ran, "GOARCH", "") {
        return Err("`go install` for another architecture puts programs into a folder of its own".to_owned());
    }
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.text.starts_with('-') {
            let known = word.known.clone();
            build.packages.push(known.ok_or_else(|| format!("the package `{}` is a variable", word.text))?);
            continue;
        }
        let option = word.text.strip_prefix('-').filter(|rest| rest.starts_with('-')).unwrap_or(&word.text);
        let (name, value) = match option.split_once('=') {
            Some((name, _)) => {
                let value = word.known.as_deref().and_then(|known| known.split_once('='));
                (name, value.map(|(_, value)| value.to_owned()))
            }
            None if WITH_VALUE.contains(&option) => {
                (option, words.next().and_then(|word| word.known.clone()))
            }
            None => (option, None),
        };
        match name {
            "-o" => {
                let written = value.ok_or("what `-o` names depends on a build argument or the shell")?;
                let path = image_path::resolve(&build.folder, &written);
                let slash = written.ends_with('/') && !path.ends_with('/');
                build.output = Some(if slash { format!("{path}/") } else { path });
            }
            "-C" => {
                let value = value.ok_or("what `-C` names is not known")?;
                build.folder = image_path::resolve(&build.folder, &value);
            }
            "-trimpath" => build.trimmed = true,
            // These need cgo or a loader (cmd/go, cmd/link).
            "-race" | "-msan" | "-asan" | "-linkshared" => build.linking = Linking::Dynamic,
            "-buildmode" => match value.as_deref() {
                Some("exe" | "default") => {}
                Some("pie") | None => build.linking = Linking::Dynamic,
                Some(other) => return Err(format!("`-buildmode={other}` makes no program")),
            },
            "-ldflags" if word.text.contains("external") => build.linking = Linking::Dynamic,
            "-compiler" | "-n" => {
                return Err(format!("`{name}` builds in another way"));
            }
            _ => {}
        }
    }
    if build.packages.is_empty() {
        build.packages.push(".".to_owned());
    }
    Ok(Task::Build(build))
}

fn moves(ran: &Ran, words: &[Word]) -> Option<Task> {
    let mut operands = words.iter().filter(|word| !word.text.starts_with('-'));
    let (from, to, None) = (operands.next()?, operands.next()?, operands.next()) else { return None };
    let from = ran.path(from.known.as_deref()?)?;
    let written = to.known.as_deref()?;
    let to = ran.path(written)?;
    let to = if written.ends_with('/') && to != "/" { format!("{to}/") } else { to };
    Some(Task::Moves { from, to, keeps: ran.name() == Some("cp") })
}

/// Git commands that change nothing but their own settings.
fn is_reading_git(words: &[Word]) -> bool {
    let verb = words.iter().map(|word| word.text.as_str()).find(|text| !text.starts_with('-'));
    matches!(
        verb,
        Some(
            "branch"
                | "config"
                | "describe"
                | "diff"
                | "log"
                | "rev-list"
                | "rev-parse"
                | "show"
                | "status"
                | "tag"
        )
    )
}

/// Variables that a RUN exports before its commands.
#[derive(Clone, Debug, Default)]
pub(super) struct Exported {
    step: usize,
    pairs: Vec<(String, Option<String>)>,
    /// `go env -w`: they stay.
    kept: Vec<(String, Option<String>)>,
}

impl Exported {
    /// Takes in what a command sets for those behind it.
    pub(super) fn note(&mut self, ran: &Ran) {
        if self.step != ran.at.0 {
            self.step = ran.at.0;
            self.pairs.clear();
        }
        let pair = |word: &harden_core::shell::Word| {
            let (name, value) = word.text.split_once('=')?;
            Some((name.to_owned(), settled(value, word.literal)))
        };
        let words = &ran.command.words;
        let text = |at: usize| words.get(at).map(|word| word.text.as_str());
        match ran.name() {
            Some("export") => self.pairs.extend(words.iter().skip(1).filter_map(pair)),
            Some("go") if text(1) == Some("env") && text(2) == Some("-w") => {
                self.kept.extend(words.iter().skip(3).filter_map(pair));
            }
            _ => {}
        }
    }

    /// What the command gets for a variable.
    fn value(&self, view: &View<'_, '_>, ran: &Ran, name: &str) -> Setting {
        let own = ran.command.assignments.iter().rev().find(|(known, _)| known == name);
        if let Some((_, word)) = own {
            return settled(&word.text, word.literal).into();
        }
        let last = |pairs: &[(String, Option<String>)]| {
            pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| Setting::from(value.clone()))
        };
        let of_file = || {
            let variable = view.scopes.variable(&view.steps.get(ran.at.0)?.state, name)?;
            Some(match variable.value {
                Value::Known(text) => Setting::Text(text),
                _ => Setting::Unknown,
            })
        };
        last(&self.pairs).or_else(of_file).or_else(|| last(&self.kept)).unwrap_or(Setting::Unset)
    }

    fn is_unset_or(&self, view: &View<'_, '_>, ran: &Ran, name: &str, wanted: &str) -> bool {
        match self.value(view, ran, name) {
            Setting::Unset => true,
            Setting::Text(text) => text.is_empty() || text == wanted,
            Setting::Unknown => false,
        }
    }
}

/// What a command gets for a variable.
enum Setting {
    /// Nothing sets it.
    Unset,
    Text(String),
    /// Something sets it to what nobody knows.
    Unknown,
}

impl From<Option<String>> for Setting {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Unknown, Self::Text)
    }
}

/// The value a variable gets. BuildKit's TARGETOS is the system of the image that is built, and that is Linux here.
fn settled(text: &str, literal: bool) -> Option<String> {
    let is_target = matches!(text, "$TARGETOS" | "${TARGETOS}" | "${TARGETOS:-linux}");
    (literal || is_target).then(|| if is_target { "linux".to_owned() } else { text.to_owned() })
}
