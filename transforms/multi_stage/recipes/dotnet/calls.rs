//! Calls of `dotnet` in steps, and what containers start of what they publish.

use harden_core::{Why, image_path};

use crate::multi_stage::ran::Ran;
use crate::multi_stage::view::View;

/// One call of `dotnet`.
pub(super) struct Call<'r> {
    pub(super) ran: &'r Ran,
    pub(super) verb: &'r str,
    /// The folder of the project.
    pub(super) project: Option<String>,
    pub(super) output: Output,
    pub(super) self_contained: bool,
}

/// Where a call puts what it makes.
pub(super) enum Output {
    /// Below `bin` of the project.
    Project,
    /// Into the folder of `--output`.
    Folder(String),
    /// This cannot be told.
    Unknown,
}

/// A call of `dotnet` with a verb.
pub(super) fn call(ran: &Ran) -> Option<Call<'_>> {
    /// Options with a value of their own.
    const VALUES: [&str; 19] = [
        "-c",
        "--configuration",
        "-f",
        "--framework",
        "-r",
        "--runtime",
        "-v",
        "--verbosity",
        "-s",
        "--source",
        "--os",
        "-a",
        "--arch",
        "--version-suffix",
        "--manifest",
        "--configfile",
        "--packages",
        "-p",
        "--artifacts-path",
    ];
    if ran.name() != Some("dotnet") {
        return None;
    }
    let mut words = ran.command.words.iter().skip(1);
    let verb = words.next().filter(|word| word.literal)?;
    let mut call = Call {
        ran,
        verb: verb.text.as_str(),
        project: ran.workdir.clone(),
        output: Output::Project,
        self_contained: false,
    };
    let folder = |text: &str| if text.contains('$') { None } else { ran.path(text) };
    let output = |text: &str| folder(text).map_or(Output::Unknown, Output::Folder);
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        let lower = text.to_ascii_lowercase();
        if matches!(text, "-o" | "--output") {
            call.output = words.next().map_or(Output::Unknown, |word| output(&word.text));
        } else if let Some(to) = text.strip_prefix("--output=").or_else(|| text.strip_prefix("-o=")) {
            call.output = output(to);
        } else if matches!(text, "--self-contained" | "--sc") {
            let value = words.clone().next().map(|word| word.text.as_str());
            call.self_contained = value != Some("false");
            if matches!(value, Some("true" | "false")) {
                words.next();
            }
        } else if VALUES.contains(&text) {
            words.next();
        } else if lower.contains("publishdir=") || lower.contains("outputpath=") {
            call.output = Output::Unknown;
        } else if lower.contains("publishaot=true")
            || lower.contains("selfcontained=true")
            || lower == "--self-contained=true"
        {
            call.self_contained = true;
        } else if !text.starts_with('-') && !text.starts_with("/p:") {
            call.project = folder(text).map(|path| match path.rsplit_once('/') {
                Some((above, file))
                    if file.ends_with("proj")
                        || matches!(file.rsplit_once('.'), Some((_, "sln" | "slnx"))) =>
                {
                    image_path::resolve("/", above)
                }
                _ => path,
            });
        }
    }
    Some(call)
}

/// What a container starts.
pub(super) struct Program {
    /// The folder it lies in.
    pub(super) folder: String,
    /// Its name without an ending.
    pub(super) name: String,
    /// Its own executable, not `dotnet NAME.dll`.
    pub(super) native: bool,
    pub(super) workdir: String,
}

/// What containers start.
///
/// # Errors
/// `command-builds`, `launch-unknown`.
pub(super) fn program(view: &View<'_, '_>, calls: &[Call<'_>]) -> Result<Program, Why> {
    const BUILDERS: [&str; 9] =
        ["run", "watch", "build", "publish", "test", "ef", "restore", "msbuild", "tool"];
    let unknown = |what: &str| Why::new("launch-unknown", format!("{what}, so what it needs is not known"));
    let mut found: Option<Program> = None;
    for started in &view.launched.commands {
        let Some(first) = started.command.words.first() else { continue };
        let name = first.text.rsplit('/').next().unwrap_or_default();
        let workdir = || started.workdir.clone().ok_or_else(|| unknown("the working directory is not known"));
        let program = if name == "dotnet" {
            let mut words = started.command.words.iter().skip(1).filter(|word| word.text != "exec");
            let Some(word) = words.next() else { return Err(unknown("`dotnet` is given nothing to run")) };
            if BUILDERS.contains(&word.text.as_str()) || word.text.ends_with("proj") {
                let message = format!(
                    "{} runs `dotnet {}`, which needs the SDK; publish the program and start its DLL",
                    started.by, word.text
                );
                return Err(Why::new("command-builds", message));
            }
            let Some(dll) = word.text.strip_suffix(".dll").filter(|_| word.literal) else {
                return Err(unknown(&format!("the command runs `dotnet {}`", word.text)));
            };
            let workdir = workdir()?;
            let path = image_path::resolve(&workdir, dll);
            let (folder, name) = path.rsplit_once('/').unwrap_or(("/", dll));
            Program { folder: folder.to_owned(), name: name.to_owned(), native: false, workdir }
        } else if first.literal && first.text.contains('/') && !started.own {
            let workdir = workdir()?;
            let path = image_path::resolve(&workdir, &first.text);
            let Some((folder, name)) = path.rsplit_once('/') else { continue };
            if published_to(folder, calls).is_none() {
                continue;
            }
            Program { folder: folder.to_owned(), name: name.to_owned(), native: true, workdir }
        } else {
            continue;
        };
        match &found {
            Some(other) if other.folder != program.folder => {
                return Err(unknown("containers start programs of two folders"));
            }
            _ => found = Some(program),
        }
    }
    found.ok_or_else(|| unknown("the command starts nothing that `dotnet publish` makes"))
}

/// The call that publishes to a folder.
fn published_to<'c, 'r>(folder: &str, calls: &'c [Call<'r>]) -> Option<&'c Call<'r>> {
    calls.iter().filter(|call| call.verb == "publish").find(|call| match &call.output {
        Output::Folder(output) => output == folder,
        Output::Unknown => false,
        Output::Project => call.project.as_deref().is_some_and(|project| {
            is_below(&format!("{project}/bin"), folder) && folder.ends_with("/publish")
        }),
    })
}

/// The call that publishes the program.
///
/// # Errors
/// `build-output`, `launch-unknown`.
pub(super) fn published<'c, 'r>(program: &Program, calls: &'c [Call<'r>]) -> Result<&'c Call<'r>, Why> {
    published_to(&program.folder, calls).ok_or_else(|| {
        let built = calls.iter().any(|call| call.verb == "build");
        let (code, message) = if built && !calls.iter().any(|call| call.verb == "publish") {
            (
                "build-output",
                "`dotnet build` leaves files the program needs in the SDK's folders; use `dotnet publish`",
            )
        } else {
            ("launch-unknown", "the command starts nothing in the folder the program is published to")
        };
        Why::new(code, message)
    })
}

/// Whether a path is a folder or lies in it.
pub(super) fn is_below(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
