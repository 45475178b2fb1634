//! What the rewritten Dockerfile says about containers of one stage, as far as it is certain.

use std::collections::BTreeSet;

use dockerfile_syntax::Keyword;
use harden_core::{Build, BuildSetup, Runtime, Scopes, State, Value};

use super::words::clean;

/// Containers of one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// USER.
    pub(super) user: ImageUser,
    /// EXPOSE, in the order of the file.
    pub(super) ports: Vec<Ports>,
    /// VOLUME, sorted; those with variables are left out.
    pub(super) volumes: BTreeSet<String>,
    /// Absolute paths that COPY and ADD fill, and the working directory, where RUN steps leave theirs.
    filled: BTreeSet<String>,
}

/// The user a stage names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ImageUser {
    /// The base image decides, or a variable does.
    #[default]
    Unknown,
    /// Root, by name or number.
    Root,
    /// Another one, by number; and its group where that is a number too.
    Number(u32, Option<u32>),
    /// Another one, by name. The name itself may come out of a variable and is not kept.
    Name,
}

/// Ports of one EXPOSE argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ports {
    pub(super) first: u16,
    /// The last one of a range; the same as `first` for a single port.
    pub(super) last: u16,
    pub(super) protocol: Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// As in EXPOSE and `docker run -p`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

impl Image {
    /// The containers of `stage`; nothing is known of a stage that does not exist.
    pub(super) fn of(build: &Build<'_>, setup: &BuildSetup, stage: usize) -> Self {
        let scopes = Scopes::new(build, setup);
        let Some(end) = scopes.end(stage) else { return Self::default() };
        let runtime = Runtime::of(build, stage);
        let mut ports = Vec::new();
        for exposed in &runtime.exposed {
            let state = scopes.end(exposed.stage).unwrap_or(end);
            let text = scopes.expand_text(state, &exposed.text).map(|one| one.text);
            ports.extend(text.ok().and_then(|text| Ports::parse(&text)).filter(|one| !ports.contains(one)));
        }
        let volumes = runtime.volumes.iter().map(|volume| volume.text.as_str());
        let volumes =
            volumes.filter(|path| path.starts_with('/') && !path.contains('$')).map(clean).collect();
        Self { user: user(end), ports, volumes, filled: filled(build, &scopes, stage, end) }
    }

    /// Whether files of the image are in this directory, so that mounting something over it would hide them.
    pub(super) fn fills(&self, directory: &str) -> bool {
        let directory = directory.trim_end_matches('/');
        self.filled.iter().any(|path| {
            path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl ImageUser {
    fn parse(text: &str) -> Self {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        match user.parse() {
            Ok(0) => Self::Root,
            Ok(uid) => Self::Number(uid, group.and_then(|group| group.parse().ok())),
            Err(_) if user.is_empty() || user == "root" => Self::Root,
            Err(_) => Self::Name,
        }
    }
}

fn user(end: &State) -> ImageUser {
    match &end.user {
        Value::Known(text) => ImageUser::parse(text),
        Value::FromBase | Value::Unknown(_) => ImageUser::Unknown,
    }
}

impl Ports {
    /// One port.
    pub(super) fn one(port: u16) -> Self {
        Self { first: port, last: port, protocol: Protocol::Tcp }
    }

    /// `80`, `80/udp`, `8000-8010/tcp` (Docker documentation, "EXPOSE").
    fn parse(text: &str) -> Option<Self> {
        let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => return None,
        };
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (0 < first && first <= last).then_some(Self { first, last, protocol })
    }

    /// Whether some of them are below 1024.
    pub(super) fn are_low(self) -> bool {
        self.first < 1024
    }
}

fn filled(build: &Build<'_>, scopes: &Scopes<'_, '_>, stage: usize, end: &State) -> BTreeSet<String> {
    let mut filled = BTreeSet::new();
    if let Value::Known(workdir) = &end.workdir {
        filled.insert(workdir.trim_end_matches('/').to_owned());
    }
    for index in build.chain(stage).0 {
        scopes.walk(index, |scopes, instruction, state| {
            if !matches!(instruction.keyword(), Keyword::Copy | Keyword::Add) {
                return;
            }
            let Some(copy) = instruction.copy() else { return };
            let Ok(destination) = scopes.expand_text(state, &copy.destination.text) else { return };
            filled.extend(absolute(&destination.text, &state.workdir));
        });
    }
    filled
}

/// An absolute path without `.`, `..` and slashes at its end; empty for the root.
fn absolute(path: &str, workdir: &Value<String>) -> Option<String> {
    let base = match workdir {
        _ if path.starts_with('/') => "",
        Value::Known(workdir) => workdir,
        Value::FromBase | Value::Unknown(_) => return None,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.iter().flat_map(|part| ["/", part]).collect())
}

#[cfg(test)]
mod tests {
    use dockerfile_syntax::Dockerfile;

    use super::*;

    fn image(text: &str) -> Image {
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        Image::of(&build, &BuildSetup::default(), build.stages.len() - 1)
    }

    #[test]
    fn users_ports_and_volumes() {
        let found = image(
            "FROM a AS b\nARG P=8080\nEXPOSE $P 53/UDP 80\nUSER 5:6\nFROM b\nEXPOSE 80 9000-9002 x 0 9-1\n\
             VOLUME /v /w/$P relative\n",
        );
        assert_eq!(found.user, ImageUser::Number(5, Some(6)));
        let ports: Vec<_> =
            found.ports.iter().map(|one| (one.first, one.last, one.protocol.name())).collect();
        assert_eq!(ports, [(8080, 8080, "tcp"), (53, 53, "udp"), (80, 80, "tcp"), (9000, 9002, "tcp")]);
        assert_eq!(found.volumes, BTreeSet::from(["/v".to_owned()]));
        for (line, user) in [
            ("", ImageUser::Unknown),
            ("USER $U\n", ImageUser::Unknown),
            ("USER root\n", ImageUser::Root),
            ("USER 0:5\n", ImageUser::Root),
            ("USER 7\n", ImageUser::Number(7, None)),
            ("USER node\n", ImageUser::Name),
        ] {
            assert_eq!(image(&format!("FROM a\n{line}")).user, user, "{line}");
        }
    }

    #[test]
    fn directories_with_files_of_the_image() {
        let found = image(
            "FROM a\nWORKDIR /app\nCOPY x conf/../etc/\nADD [\"y\", \"/srv/data/y\"]\nWORKDIR /run/x\n",
        );
        for directory in ["/app/etc", "/app", "/srv/data", "/srv/", "/run/x"] {
            assert!(found.fills(directory), "{directory}");
        }
        for directory in ["/app/etc/z", "/ap", "/srv/data/y/z", "/var", "/app/conf"] {
            assert!(!found.fills(directory), "{directory}");
        }
    }

    #[test]
    fn a_file_without_stages_says_nothing() {
        let file = Dockerfile::parse("");
        assert_eq!(Image::of(&Build::new(&file), &BuildSetup::default(), 0), Image::default());
    }
}
