//! How a service of a compose file runs an image, and how files and `extends` are merged.

use std::collections::BTreeSet;

use harden_core::syntax::Reference;
use harden_core::{BuildSetup, ServiceKind, ServiceSetting};

use super::value::Text;

/// What a service says about its container.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// `image:`.
    pub(super) image: Option<Image>,
    /// In the order of the file, inherited ones first.
    pub(super) settings: Vec<ServiceSetting>,
    /// The keys that are given, whether or not they make a setting: `privileged: false` does not.
    pub(super) said: BTreeSet<Only>,
}

/// A key of a service that replaces what it inherits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Only {
    User,
    Privileged,
    Network,
    Pid,
    Entrypoint,
    Command,
    Healthcheck,
}

/// The name of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) written: String,
    pub(super) text: Text,
}

impl Image {
    /// What [`BuildSetup::own_images`] calls it; `None` for what is unknown or no image reference.
    pub(super) fn name(&self) -> Option<String> {
        image_name(&self.text)
    }

    /// The same for two services that name the same image, also where variables make it unknown.
    pub(super) fn key(&self) -> String {
        // No reference holds a blank.
        self.name().unwrap_or_else(|| format!("written {}", self.written))
    }
}

/// The name of an image, where it is known.
pub(super) fn image_name(text: &Text) -> Option<String> {
    Reference::parse(text.likely()?).ok().map(|reference| BuildSetup::own_image_name(&reference))
}

impl Run {
    /// Puts what `over` says on top of this (Compose specification, "Merge").
    ///
    /// Lists are joined; a mount replaces the one at the same path. The tags `!reset` and `!override` are not known
    /// here, so more may be left than there is.
    pub(super) fn overlay(&mut self, over: &Run) {
        if over.image.is_some() {
            self.image.clone_from(&over.image);
        }
        if !over.settings.is_empty() || !over.said.is_empty() {
            let same: BTreeSet<_> = over.settings.iter().map(|setting| slot(&setting.kind)).collect();
            self.settings.retain(|setting| match only(&setting.kind) {
                Some(only) => !over.said.contains(&only),
                None => !same.contains(&slot(&setting.kind)),
            });
            self.settings.extend(over.settings.iter().cloned());
            self.said.extend(&over.said);
        }
    }
}

fn only(kind: &ServiceKind) -> Option<Only> {
    Some(match kind {
        ServiceKind::User(_) => Only::User,
        ServiceKind::Privileged => Only::Privileged,
        ServiceKind::HostNetwork => Only::Network,
        ServiceKind::HostPid => Only::Pid,
        ServiceKind::Entrypoint(_) => Only::Entrypoint,
        ServiceKind::Command(_) => Only::Command,
        ServiceKind::Healthcheck(_) => Only::Healthcheck,
        ServiceKind::Port(_) | ServiceKind::Mount(_) | ServiceKind::CapAdd(_) | ServiceKind::Device(_) => {
            return None;
        }
    })
}

/// Settings with the same slot cannot stand beside each other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Slot<'a> {
    Path(&'a str),
    Kind(&'a ServiceKind),
}

fn slot(kind: &ServiceKind) -> Slot<'_> {
    match kind {
        ServiceKind::Mount(mount) => Slot::Path(&mount.target),
        other => Slot::Kind(other),
    }
}

#[cfg(test)]
mod tests {
    use harden_core::{Mount, MountSource};

    use super::*;

    fn run(kinds: Vec<ServiceKind>) -> Run {
        let said = kinds.iter().filter_map(only).collect();
        let setting = |kind| ServiceSetting { file: "compose.yaml".into(), line: None, kind };
        Run { image: None, settings: kinds.into_iter().map(setting).collect(), said }
    }

    fn kinds(run: &Run) -> Vec<ServiceKind> {
        run.settings.iter().map(|setting| setting.kind.clone()).collect()
    }

    fn mount(source: &str, target: &str) -> ServiceKind {
        let source = MountSource::Host(source.into());
        ServiceKind::Mount(Mount { source, target: target.into(), read_only: false })
    }

    fn image(written: &str, text: Text) -> Image {
        Image { written: written.into(), text }
    }

    #[test]
    fn single_values_are_replaced_and_lists_joined() {
        let user = |user: &str| ServiceKind::User(user.into());
        let mut base = run(vec![
            user("root"),
            ServiceKind::Privileged,
            ServiceKind::Command(vec!["a".into()]),
            ServiceKind::Port(80),
            mount("a", "/a"),
            mount("b", "/b"),
        ]);
        let mut over = run(vec![
            user("1000"),
            ServiceKind::Command(Vec::new()),
            ServiceKind::Port(80),
            ServiceKind::Port(81),
            mount("c", "/a"),
        ]);
        over.said.insert(Only::Privileged);
        base.overlay(&over);
        assert_eq!(
            kinds(&base),
            [
                mount("b", "/b"),
                user("1000"),
                ServiceKind::Command(Vec::new()),
                ServiceKind::Port(80),
                ServiceKind::Port(81),
                mount("c", "/a"),
            ]
        );
        let before = kinds(&base);
        base.overlay(&Run::default());
        assert_eq!(kinds(&base), before);
    }

    #[test]
    fn names_of_images() {
        let literal = |text: &str| image(text, Text::Literal(text.into()));
        assert_eq!(literal("app").name().as_deref(), Some("docker.io/library/app:latest"));
        assert_eq!(literal("app").key(), literal("docker.io/library/app:latest").key());
        assert_ne!(literal("app").key(), literal("app:1").key());
        let unknown = |text: &str| image(text, Text::Unknown);
        assert_eq!(unknown("app:${TAG}").name(), None);
        assert_eq!(unknown("app:${TAG}").key(), unknown("app:${TAG}").key());
        assert_ne!(unknown("app:${TAG}").key(), unknown("app:${V}").key());
        assert_eq!(literal("No Image").name(), None);
        assert_eq!(image("a:${V:-1}", Text::Assumed("a:1".into())).key(), literal("a:1").key());
    }
}
