//! Adding `--mount=type=secret` and `--mount=type=ssh` to RUN.
//!
//! A secret as a variable (`env=`) works for every form of RUN alike: shell, exec, heredoc. A frontend that is pinned
//! to something older has only files; then nothing is added. Putting `NAME="$(cat /run/secrets/NAME)"` before the
//! command is not done: it reaches only the first simple command of a script and none in exec form, other users than
//! root need `uid=`, and `set -x` prints it. Source: Dockerfile reference, "RUN --mount=type=secret" and "type=ssh".

use std::fmt::Write as _;

use harden_core::syntax::{Dockerfile, Flag, Instruction, Keyword, Span};
use harden_core::{Base, Build, Edit, Value, Why};

use super::base_images::{self, Platform};

/// A mount for one RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    /// `type=secret,id=ID,env=NAME`: the secret is an environment variable.
    Variable {
        /// The id the build command gives.
        id: String,
        /// The variable.
        name: String,
    },
    /// `type=secret,id=ID,target=PATH`: the secret is a file.
    File {
        /// The id the build command gives.
        id: String,
        /// Absolute path.
        target: String,
        /// Permission bits; BuildKit's default is 0400.
        mode: Option<u16>,
        /// The owner; BuildKit's default is root.
        uid: Option<u32>,
    },
    /// `type=ssh`: the agent of whoever builds, with the id `default`.
    Ssh,
}

/// Adds mounts to a RUN (for ONBUILD give the trigger), behind the flags it has. `None` when it has all of them.
///
/// `stage` is the index of its stage, `shell` the one in force.
///
/// # Errors
/// `windows`: secret mounts do not work in Windows containers. `mount-conflict`: there is a mount for the same id,
/// variable or path with other options. `mount-unreadable`: one that is there may be for the same, because it holds a
/// variable, or is not valid.
/// `mount-value`: an id, name or path cannot be written without quotes. `not-a-run`: it is none.
pub(crate) fn add(
    mounts: &[Mount],
    to: Instruction<'_>,
    build: &Build<'_>,
    stage: usize,
    shell: &Value<Vec<String>>,
) -> Result<Option<Edit>, Why> {
    if to.keyword() != Keyword::Run {
        return Err(Why::new("not-a-run", "only RUN has mounts"));
    }
    if is_windows(to, build, stage, shell) {
        return Err(Why::new("windows", "secret mounts do not work in Windows containers"));
    }
    let existing: Vec<Existing> =
        to.flags().filter(|flag| flag.name() == "mount").map(Existing::read).collect::<Result<_, _>>()?;
    let mut wanted: Vec<&Mount> = Vec::new();
    for mount in mounts {
        mount.check()?;
        let given = wanted.contains(&mount) || existing.iter().any(|one| one.is(mount));
        if given {
            continue;
        }
        let new = Existing::of(mount);
        if existing.iter().any(|one| one.may_meet(&new)) {
            let message = "a mount of this RUN holds a variable, so that another may not fit beside it";
            return Err(Why::new("mount-unreadable", message));
        }
        let chosen = wanted.iter().any(|one| Existing::of(one).meets(&new));
        if chosen || existing.iter().any(|one| one.meets(&new)) {
            let message = format!("the RUN has another mount for {}", new.title());
            return Err(Why::new("mount-conflict", message));
        }
        wanted.push(mount);
    }
    if wanted.is_empty() {
        return Ok(None);
    }
    Ok(Some(insertion(&wanted, to)))
}

/// Behind the last flag: on a line of its own when the command is on one, as people write it.
fn insertion(mounts: &[&Mount], to: Instruction<'_>) -> Edit {
    let file = to.file();
    let last = to.flags().next_back();
    let at = last.map_or(to.keyword_token(), Flag::token).span().end;
    let gap = file.slice(Span::new(at, to.arguments().span().start.max(at)));
    let separator = match gap.find('\n') {
        Some(newline) if last.is_some() => {
            let ending = if gap[..newline].ends_with('\r') { "\r\n" } else { "\n" };
            let indentation = indentation(file, at, to, gap);
            format!(" {}{ending}{indentation}", file.escape())
        }
        _ => " ".to_owned(),
    };
    let flags: Vec<_> = mounts.iter().map(|mount| format!("{separator}--mount={}", mount.value())).collect();
    Edit::insert(at, flags.concat())
}

/// The blanks before the last flag when it begins a line, else before the command.
fn indentation(file: &Dockerfile, at: u32, to: Instruction<'_>, gap: &str) -> String {
    let line = file.line_span(file.line_col(at).line).unwrap_or_default();
    let first = file.line_col(to.keyword_token().span().start).line == file.line_col(at).line;
    let text = if first { gap.rsplit('\n').next().unwrap_or_default() } else { file.slice(line) };
    let blanks = &text[..text.len() - text.trim_start_matches([' ', '\t']).len()];
    if blanks.is_empty() { "    ".to_owned() } else { blanks.to_owned() }
}

impl Mount {
    /// The value of `--mount`.
    fn value(&self) -> String {
        match self {
            Self::Variable { id, name } => format!("type=secret,id={id},env={name}"),
            Self::File { id, target, mode, uid } => {
                let mut text = format!("type=secret,id={id},target={target}");
                if let Some(uid) = uid {
                    let _ = write!(text, ",uid={uid}");
                }
                if let Some(mode) = mode {
                    let _ = write!(text, ",mode={mode:04o}");
                }
                text
            }
            Self::Ssh => "type=ssh".to_owned(),
        }
    }

    fn check(&self) -> Result<(), Why> {
        let plain = |text: &str, more: &str| {
            let fits = |ch: char| ch.is_ascii_alphanumeric() || "_-.".contains(ch) || more.contains(ch);
            !text.is_empty() && text.chars().all(fits)
        };
        let is_name = |name: &str| {
            plain(name, "") && !name.contains(['-', '.']) && !name.starts_with(|ch: char| ch.is_ascii_digit())
        };
        let fits = match self {
            Self::Variable { id, name } => plain(id, "") && is_name(name),
            Self::File { id, target, .. } => {
                plain(id, "") && target.starts_with('/') && plain(target, "/@+~")
            }
            Self::Ssh => true,
        };
        if fits {
            Ok(())
        } else {
            Err(Why::new("mount-value", "the id, name or path of the secret needs quotes"))
        }
    }
}

/// A mount as BuildKit reads it, as far as it matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Existing {
    kind: String,
    id: Option<String>,
    env: Option<String>,
    target: Option<String>,
    mode: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    /// Keys whose values hold variables.
    open: Vec<&'static str>,
}

impl Existing {
    fn read(flag: Flag<'_>) -> Result<Self, Why> {
        let unreadable = || Why::new("mount-unreadable", "a mount of this RUN cannot be read");
        let fields = flag.mount().ok_or_else(unreadable)?;
        let mut mount = Self { kind: "bind".to_owned(), ..Self::default() };
        let mut source = None;
        for field in fields {
            let Some(value) = field.value else { continue };
            if value.contains('$') {
                mount.open.push(match field.key.as_str() {
                    "type" => "type",
                    "env" => "env",
                    "target" | "dst" | "destination" => "target",
                    "id" | "source" | "src" => "id",
                    _ => continue,
                });
                continue;
            }
            let value = value.into_owned();
            match field.key.as_str() {
                "type" => mount.kind = value.to_ascii_lowercase(),
                "id" => mount.id = Some(value),
                "source" | "src" => source = Some(value),
                "env" => mount.env = Some(value),
                "target" | "dst" | "destination" => mount.target = Some(value),
                "mode" => mount.mode = u64::from_str_radix(&value, 8).ok(),
                "uid" => mount.uid = value.parse().ok(),
                "gid" => mount.gid = value.parse().ok(),
                _ => {}
            }
        }
        mount.settle(source);
        Ok(mount)
    }

    fn of(mount: &Mount) -> Self {
        let secret = || Self { kind: "secret".to_owned(), ..Self::default() };
        let mut made = match mount {
            Mount::Variable { id, name } => {
                Self { id: Some(id.clone()), env: Some(name.clone()), ..secret() }
            }
            Mount::File { id, target, mode, uid } => Self {
                id: Some(id.clone()),
                target: Some(target.clone()),
                mode: mode.map(u64::from),
                uid: uid.map(u64::from),
                ..secret()
            },
            Mount::Ssh => Self { kind: "ssh".to_owned(), ..Self::default() },
        };
        made.settle(None);
        made
    }

    /// Fills in BuildKit's defaults (`frontend/dockerfile/dockerfile2llb/convert_secrets.go` and `convert_ssh.go`).
    fn settle(&mut self, source: Option<String>) {
        match self.kind.as_str() {
            "secret" => {
                let target = self.target.as_deref();
                let last = target.and_then(|path| path.rsplit('/').next()).map(str::to_owned);
                self.id = source.or(self.id.take()).or(last);
                if self.target.is_none() && self.env.is_none() {
                    self.target = self.id.as_deref().map(|id| format!("/run/secrets/{}", base(id)));
                }
                if self.target.is_some() {
                    self.mode = self.mode.or(Some(0o400));
                    self.uid = self.uid.or(Some(0));
                    self.gid = self.gid.or(Some(0));
                }
            }
            "ssh" => self.id = self.id.take().or_else(|| Some("default".to_owned())),
            // The id of a cache names something else.
            _ => self.id = None,
        }
    }

    fn is(&self, mount: &Mount) -> bool {
        *self == Self::of(mount)
    }

    /// Whether a variable could make both the same in something.
    fn may_meet(&self, other: &Self) -> bool {
        self.open.iter().any(|key| match *key {
            "env" => other.env.is_some(),
            "target" => other.target.is_some(),
            "id" => self.kind == other.kind,
            _ => true,
        })
    }

    /// Whether both want the same id, variable or path.
    fn meets(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        self.kind == other.kind && same(&self.id, &other.id)
            || self.kind == "ssh" && other.kind == "ssh"
            || same(&self.env, &other.env)
            || same(&self.target, &other.target)
    }

    /// What it is for, for a message.
    fn title(&self) -> String {
        match (self.kind.as_str(), &self.id) {
            ("secret", Some(id)) => format!("the secret {id}, its variable or its path"),
            _ => "the SSH agent".to_owned(),
        }
    }
}

fn base(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// Whether the RUN belongs to a Windows image: by its base image, its shell or the escape character that is used there.
fn is_windows(to: Instruction<'_>, build: &Build<'_>, stage: usize, shell: &Value<Vec<String>>) -> bool {
    let (chain, _) = build.chain(stage);
    let first = chain.first().and_then(|&index| build.stages.get(index));
    let image = first.is_some_and(|stage| match &stage.base {
        Base::Image(image) => {
            let system = base_images::find(image).map(|found| found.system.platform);
            system == Some(Platform::Windows) || image.repository().starts_with("mcr.microsoft.com/windows")
        }
        _ => false,
    });
    let platform = first
        .and_then(|stage| stage.from.flag("platform"))
        .and_then(Flag::value)
        .is_some_and(|platform| platform.to_ascii_lowercase().starts_with("windows"));
    let program = match shell {
        Value::Known(words) => words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default(),
        _ => String::new(),
    };
    let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
    image
        || platform
        || to.file().escape() == '`'
        || matches!(program, "cmd" | "cmd.exe" | "powershell" | "powershell.exe")
}

#[cfg(test)]
mod tests;
