//! The Dockerfile frontend a file asks for with `# syntax=`, and whether it knows a feature.
//!
//! Without the directive the frontend built into the builder reads the file; its version is unknown, so what is newer
//! than the oldest builder in use needs the directive. Sources: Docker documentation, "Custom Dockerfile syntax" (image
//! names, channels, `BUILDKIT_SYNTAX`) and "Dockerfile release notes" (versions); BuildKit,
//! `frontend/dockerfile/parser/directives.go` (where the directive is looked for).

use std::fmt;

use harden_core::syntax::{DirectiveName, Dockerfile, Instruction, Keyword, Reference, Span};
use harden_core::{Build, BuildSetup, Edit, EditSet, Why};

/// A release of the Dockerfile frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// Before the first dot.
    pub(crate) major: u32,
    /// After it.
    pub(crate) minor: u32,
}

impl Version {
    /// A release.
    pub(crate) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// `RUN --mount`, stable since 1.2.
pub(crate) const RUN_MOUNT: Version = Version::new(1, 2);

/// `RUN --mount=type=secret,env=NAME`, since 1.10.
pub(crate) const SECRET_ENV: Version = Version::new(1, 10);

/// The frontend that reads a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frontend {
    /// No directive: the one built into the builder.
    BuiltIn,
    /// A tag that follows the newest release: `1`, `latest`, `labs`, `master` of upstream.
    Newest,
    /// A tag that stays at a release: `1.4`, `1.10.2-labs`.
    Fixed(Version),
    /// Nobody can say from here, and why.
    Unknown(Why),
}

impl Frontend {
    /// The frontend `file` asks for.
    pub(crate) fn of(file: &Dockerfile) -> Self {
        let text = content(file);
        if text.starts_with("#!") {
            // BuildKit skips such a line when it looks for the directive, although it is no directive itself.
            let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
            let rest = Dockerfile::parse(rest);
            if rest.directive(DirectiveName::Syntax).is_some() {
                return Self::asked_for(&rest);
            }
        }
        Self::asked_for(file)
    }

    fn asked_for(file: &Dockerfile) -> Self {
        let directives = file.directives();
        let Some(at) = directives.iter().position(|one| one.name == DirectiveName::Syntax) else {
            return Self::BuiltIn;
        };
        // The search for the frontend ends at the first line that does not begin with `#`, blanks or not; escape= and
        // check= are read less strictly.
        let begins_line =
            |span: Span| file.line_col(span.start).column == 1 || span.start == 3 && file.has_bom();
        if !directives[..=at].iter().all(|one| begins_line(one.span)) {
            let message = "BuildKit does not see a `# syntax=` behind blanks; remove the blanks before `#`";
            return Self::Unknown(Why::new("frontend-unknown", message));
        }
        Self::named(file.slice(directives[at].value))
    }

    /// The frontend of a value of `# syntax=` or `BUILDKIT_SYNTAX`. Only the first word counts.
    fn named(value: &str) -> Self {
        let image = value.split(' ').next().unwrap_or_default();
        let unknown = |what: &str| {
            let message = format!("nobody can say which features the frontend `{image}` has: {what}");
            Self::Unknown(Why::new("frontend-unknown", message))
        };
        let Ok(reference) = Reference::parse(image) else { return unknown("it is no image reference") };
        let upstream = match reference.repository() {
            "docker.io/docker/dockerfile" => false,
            "docker.io/docker/dockerfile-upstream" => true,
            _ => return unknown("it is not one of Docker's"),
        };
        let tag = match (reference.tag(), reference.digest()) {
            (None, Some(_)) => return unknown("it has a digest and no version"),
            _ => reference.tag_or_latest(),
        };
        let release = tag.strip_suffix("-labs").unwrap_or(tag);
        match release {
            "1" | "latest" | "labs" => {}
            "master" if upstream => {}
            // The channel before `labs`; its last release knows RUN --mount.
            "experimental" | "1-experimental" | "1.0-experimental" | "1.1-experimental" => {
                return Self::Fixed(RUN_MOUNT);
            }
            _ => {
                return fixed(release).map_or_else(|| unknown("its tag is no released version"), Self::Fixed);
            }
        }
        match reference.digest() {
            Some(_) => unknown("its tag moves and its digest does not"),
            None => Self::Newest,
        }
    }

    /// Whether it has what came with `minimum`.
    fn check(self, minimum: Version) -> Result<(), Why> {
        match self {
            Self::BuiltIn | Self::Newest => Ok(()),
            Self::Fixed(version) if version >= minimum => Ok(()),
            Self::Fixed(version) => {
                let message = format!(
                    "the file asks for frontend {version} and this needs {minimum}; \
                     replace the directive by `{DIRECTIVE}`"
                );
                Err(Why::new("frontend-old", message))
            }
            Self::Unknown(why) => Err(why),
        }
    }
}

/// What is added.
const DIRECTIVE: &str = "# syntax=docker/dockerfile:1";

/// The file without its byte order mark.
fn content(file: &Dockerfile) -> &str {
    &file.text()[if file.has_bom() { 3 } else { 0 }..]
}

/// `1.4`, `1.10.2`; a release candidate counts as the release before it.
fn fixed(tag: &str) -> Option<Version> {
    let (release, candidate) = match tag.split_once("-rc") {
        Some((release, _)) => (release, true),
        None => (tag, false),
    };
    let mut parts = release.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| digits)
    });
    let (major, minor) = (parts.next()??, parts.next()??);
    let patch = parts.next().map_or(Some(0), |patch| patch)?;
    if parts.next().is_some() {
        return None;
    }
    let early = candidate && patch == 0;
    Some(Version::new(major, minor.checked_sub(u32::from(early))?))
}

/// Makes sure that the frontend which reads `file` has what came with `minimum`: nothing to do, or the edit that adds
/// `# syntax=docker/dockerfile:1` as the first line. Other directives below it keep their effect.
///
/// # Errors
/// `frontend-old`: the file asks for an older release. `frontend-unknown`: for one nobody can judge. `shebang`: the file
/// begins with `#!`, below which builders before BuildKit 0.12 do not see the directive.
pub(crate) fn require(file: &Dockerfile, setup: &BuildSetup, minimum: Version) -> Result<Option<Edit>, Why> {
    // This build argument replaces the directive. Other builds of the file may go without it.
    if let Some(given) = setup.build_args.get("BUILDKIT_SYNTAX") {
        let Some(value) = given else {
            let message = "a build chooses the frontend with BUILDKIT_SYNTAX; its value is not known";
            return Err(Why::new("frontend-unknown", message));
        };
        Frontend::named(value).check(minimum)?;
    }
    match Frontend::of(file) {
        Frontend::BuiltIn => {}
        other => return other.check(minimum).map(|()| None),
    }
    if shown_by_use(file).is_some_and(|version| version >= minimum) {
        return Ok(None);
    }
    if content(file).starts_with("#!") {
        let message = "the file begins with `#!`; older builders do not see `# syntax=` below that";
        return Err(Why::new("shebang", message));
    }
    let at = if file.has_bom() { 3 } else { 0 };
    let edit = Edit::insert(at, format!("{DIRECTIVE}{}", file.line_ending()));
    verify(file, &edit)?;
    Ok(Some(edit))
}

/// Adds the edit of [`require`] to others: where one of them begins at the same place, both become one edit.
pub(crate) fn with_directive(mut edits: Vec<Edit>, directive: Option<Edit>) -> Vec<Edit> {
    let Some(directive) = directive else { return edits };
    match edits.iter_mut().find(|edit| edit.span.start == directive.span.start) {
        Some(edit) => edit.text.insert_str(0, &directive.text),
        None => edits.insert(0, directive),
    }
    edits
}

/// The newest release whose features the file uses already, so that whoever builds it has that release.
fn shown_by_use(file: &Dockerfile) -> Option<Version> {
    let build = Build::new(file);
    let last = build.stages.len().checked_sub(1)?;
    let features = file.instructions().flat_map(feature);
    // Fields of a mount are read only when the stage is built.
    let (chain, _) = build.chain(last);
    let built = chain.into_iter().filter_map(|index| build.stages.get(index));
    let secret = built.flat_map(|stage| &stage.instructions).any(|one| gives_variable(*one));
    features.chain(secret.then_some(SECRET_ENV)).max()
}

/// The releases that brought the flags and heredocs of an instruction (Dockerfile reference).
fn feature(instruction: Instruction<'_>) -> Vec<Version> {
    let keyword = instruction.keyword();
    let of_flag = |name: &str| match (keyword, name) {
        (Keyword::Run, "mount") => Some(RUN_MOUNT),
        (Keyword::Copy | Keyword::Add, "link") => Some(Version::new(1, 4)),
        (Keyword::Add, "checksum") => Some(Version::new(1, 6)),
        (Keyword::Add, "unpack") => Some(Version::new(1, 17)),
        (Keyword::Copy | Keyword::Add, "exclude") => Some(Version::new(1, 19)),
        (Keyword::Copy, "parents") => Some(Version::new(1, 20)),
        _ => None,
    };
    let heredoc = (instruction.heredocs().len() > 0).then_some(Version::new(1, 4));
    // BuildKit keeps the instruction inside ONBUILD as text.
    let read = instruction.trigger().is_none();
    instruction.flags().filter_map(|flag| of_flag(flag.name())).chain(heredoc).filter(|_| read).collect()
}

fn gives_variable(instruction: Instruction<'_>) -> bool {
    instruction.keyword() == Keyword::Run
        && instruction
            .flags()
            .filter_map(|flag| if flag.name() == "mount" { flag.mount() } else { None })
            .any(|fields| fields.iter().any(|field| field.key == "env"))
}

/// Reads the result again: all directives of before are there and mean the same.
fn verify(before: &Dockerfile, edit: &Edit) -> Result<(), Why> {
    let failed = |what: String| Why::new("layout", format!("adding `{DIRECTIVE}` would {what}"));
    let edits =
        EditSet::new(before.text(), vec![edit.clone()]).map_err(|error| failed(format!("fail: {error}")))?;
    let after = Dockerfile::parse(edits.apply(before.text()));
    let values = |file: &Dockerfile, skipped: usize| -> Vec<_> {
        let rest = file.directives().iter().skip(skipped);
        rest.map(|one| (one.name, file.slice(one.value).to_owned())).collect()
    };
    if before.escape() != after.escape() || values(before, 0) != values(&after, 1) {
        return Err(failed("change another directive".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
