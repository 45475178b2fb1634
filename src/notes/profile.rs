//! How a container of the image is to be run, whatever runs it.
//!
//! Sources: Docker documentation, "docker container run" (`--read-only`, `--tmpfs`, `--cap-drop`, `--security-opt`,
//! `--sysctl`) and "Volumes"; runc, which gives a tmpfs over an existing directory the mode of that directory but
//! not its owner, so that both are said; capabilities(7): a program whose file carries a capability that is outside the
//! bounding set cannot be executed, which is why `NET_BIND_SERVICE` stays for low ports.

use std::collections::{BTreeMap, BTreeSet};

use harden_core::{MountSource, Service, ServiceKind};

use super::env::is_name;
use super::image::{Image, ImageUser, Ports};
use super::known::Known;
use super::words::{clean, is_folder, label};

/// Directories whose content nobody misses after a restart (Filesystem Hierarchy Standard 3.0: `/run`, `/tmp`,
/// `/var/cache`, `/var/lock`, `/var/tmp`).
const VOLATILE: [&str; 6] = ["/run", "/tmp", "/var/cache", "/var/lock", "/var/run", "/var/tmp"];

/// How to run a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) user: User,
    /// Directories in memory besides `/tmp`, sorted.
    pub(super) tmpfs: BTreeSet<String>,
    /// Directories that outlive the container: path and what is mounted there.
    pub(super) volumes: BTreeMap<String, Source>,
    /// Directories the program may write to, with files of the image in them: nothing can be mounted there.
    pub(super) filled: BTreeSet<String>,
    pub(super) ports: Vec<Ports>,
    /// It listens on a port below 1024.
    pub(super) low_port: bool,
    /// Capabilities it needs, without `CAP_`, sorted.
    pub(super) capabilities: BTreeSet<String>,
    /// Variables it has to be given, sorted.
    pub(super) variables: BTreeSet<String>,
    /// It uses the network of the host.
    pub(super) host_network: bool,
    /// Where the service mounts something by itself.
    pub(super) mounted: BTreeSet<String>,
}

/// The user of the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    /// Its ids where they are known; of the group only where a number is needed.
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    /// The Dockerfile names both, so the groups of the image's own files do not count anyway.
    pub(super) both: bool,
    /// It is certainly not root.
    pub(super) unprivileged: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A volume with this name, which compose gives it or which is made up from its path.
    Named(String),
    /// A folder, relative to the compose file that says so.
    Folder(String),
}

impl Profile {
    /// For containers of a stage, run by `service` or by hand.
    pub(super) fn new(known: &Known, image: &Image, service: Option<&Service>) -> Self {
        let mut profile = Self { user: User::new(known, image.user), ..Self::default() };
        // What cannot stand in an environment file is told in words only.
        profile.variables = known.variables().filter(|name| is_name(name)).map(str::to_owned).collect();
        let settings = service.map(|service| service.settings.as_slice()).unwrap_or_default();
        let mut ports = image.ports.clone();
        for setting in settings {
            match &setting.kind {
                ServiceKind::HostNetwork => profile.host_network = true,
                ServiceKind::CapAdd(name) => {
                    profile.capabilities.insert(clean(name));
                }
                ServiceKind::Port(port)
                    if !ports.iter().any(|one| one.first <= *port && *port <= one.last) =>
                {
                    ports.push(Ports::one(*port));
                }
                ServiceKind::Mount(mount) if !mount.target.contains('$') => {
                    let target = clean(mount.target.trim_end_matches('/'));
                    match &mount.source {
                        MountSource::Tmpfs => {
                            profile.tmpfs.insert(target.clone());
                        }
                        MountSource::Volume(name) => {
                            profile.volumes.insert(target.clone(), Source::Named(clean(name)));
                        }
                        MountSource::Host(path) if !path.contains('$') && !mount.read_only => {
                            profile.volumes.insert(target.clone(), Source::Folder(clean(path)));
                        }
                        MountSource::Host(_) | MountSource::Anonymous => {}
                    }
                    profile.mounted.insert(target);
                }
                _ => {}
            }
        }
        for port in known.low_ports() {
            if !ports.iter().any(|one| one.first <= port && port <= one.last) {
                ports.push(Ports::one(port));
            }
        }
        profile.low_port = ports.iter().any(|one| one.are_low());
        profile.ports = ports;
        if profile.low_port {
            profile.capabilities.insert("NET_BIND_SERVICE".to_owned());
        }
        // Notes do not say which stage they are about: what a service has is in its stage or its own settings.
        let has = |path: &str| service.is_none() || image.volumes.contains(path);
        for (path, source) in known.volumes().filter(|(path, _)| has(path)) {
            profile.mount(path, source);
        }
        for path in &image.volumes {
            profile.mount(path, None);
        }
        for path in known.writes() {
            let covered = profile.mounted.iter().any(|place| is_below(path, place));
            if covered || profile.volumes.contains_key(path) {
                continue;
            }
            if path.contains([':', ',']) {
                continue;
            }
            if VOLATILE.iter().any(|place| is_below(path, place)) {
                profile.tmpfs.insert(path.to_owned());
            } else if image.fills(path) || is_home(path) {
                profile.filled.insert(path.to_owned());
            } else {
                profile.mount(path, None);
            }
        }
        profile.tmpfs.remove("/tmp");
        profile
    }

    fn mount(&mut self, path: &str, source: Option<&str>) {
        // Nothing can be mounted at a path that has what separates the parts of the option.
        if path.contains([':', ','])
            || self.mounted.contains(path)
            || self.volumes.contains_key(path)
            || self.tmpfs.contains(path)
        {
            return;
        }
        let source = match source {
            Some(folder) if is_folder(folder) => Source::Folder(folder.to_owned()),
            Some(name) if is_volume_name(name) => Source::Named(name.to_owned()),
            Some(_) | None => {
                let name = label(path);
                let name = if name.is_empty() { "data".to_owned() } else { name };
                let taken =
                    |name: &str| self.volumes.values().any(|one| *one == Source::Named(name.to_owned()));
                let more = (2..).map(|count| format!("{name}-{count}"));
                let free = std::iter::once(name.clone()).chain(more).find(|name| !taken(name));
                Source::Named(free.unwrap_or(name))
            }
        };
        self.volumes.insert(path.to_owned(), source);
    }

    /// Options of a tmpfs that the user may write to. The one at `/tmp` needs none: everybody may.
    pub(super) fn tmpfs_options(&self) -> String {
        match (self.user.uid, self.user.gid) {
            (Some(uid), Some(gid)) => format!("uid={uid},gid={gid},mode=0770"),
            (Some(uid), None) => format!("uid={uid},mode=0700"),
            // As `/tmp` is.
            _ => "mode=1777".to_owned(),
        }
    }

    /// `uid`, or `uid:gid` where the Dockerfile has both. With a group given, the other groups the image gives the user
    /// do not count (moby/sys/user, `GetExecUser`).
    pub(super) fn user_option(&self) -> Option<String> {
        let uid = self.user.uid.filter(|uid| *uid != 0)?;
        Some(match self.user.gid {
            Some(gid) if self.user.both => format!("{uid}:{gid}"),
            _ => uid.to_string(),
        })
    }

    /// Whether ports below 1024 can be opened to everybody: not in the network of the host.
    pub(super) fn opens_low_ports(&self) -> bool {
        self.low_port && !self.host_network && self.user.unprivileged
    }
}

impl User {
    fn new(known: &Known, image: ImageUser) -> Self {
        let said = known.user();
        match image {
            ImageUser::Root => Self::default(),
            ImageUser::Number(uid, gid) => {
                let group = gid.or(said.filter(|(said, _)| *said == uid).map(|(_, gid)| gid));
                Self { uid: Some(uid), gid: group, both: gid.is_some(), unprivileged: true }
            }
            ImageUser::Name | ImageUser::Unknown => Self {
                uid: said.map(|(uid, _)| uid),
                gid: said.map(|(_, gid)| gid),
                both: false,
                unprivileged: said.is_some_and(|(uid, _)| uid != 0) || image == ImageUser::Name,
            },
        }
    }
}

/// Homes hold what the image put there, such as tools of the user.
fn is_home(path: &str) -> bool {
    path == "/root" || path.strip_prefix("/home/").is_some_and(|rest| !rest.contains('/'))
}

/// As the Compose specification allows it.
fn is_volume_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

fn is_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use dockerfile_syntax::Dockerfile;
    use harden_core::{Build, BuildSetup, Mount, Note, ServiceSetting};

    use super::*;

    fn profile(notes: &[Note], text: &str, service: Option<Vec<ServiceKind>>) -> Profile {
        let file = Dockerfile::parse(text);
        let build = Build::new(&file);
        let image = Image::of(&build, &BuildSetup::default(), build.stages.len() - 1);
        let setting = |kind| ServiceSetting { file: "compose.yaml".to_owned(), line: None, kind };
        let service = service.map(|kinds| Service {
            file: "compose.yaml".to_owned(),
            name: "web".to_owned(),
            target: None,
            settings: kinds.into_iter().map(setting).collect(),
            incomplete: false,
        });
        Profile::new(&notes.iter().cloned().collect(), &image, service.as_ref())
    }

    fn writes(path: &str) -> Note {
        Note::Writes { path: path.to_owned() }
    }

    fn mount(source: MountSource, target: &str) -> ServiceKind {
        ServiceKind::Mount(Mount { source, target: target.to_owned(), read_only: false })
    }

    #[test]
    fn users_are_as_the_image_has_them() {
        let runs_as = [Note::RunsAs { uid: 101, gid: 102 }];
        let option =
            |notes: &[Note], user: &str| profile(notes, &format!("FROM a\n{user}"), None).user_option();
        assert_eq!(option(&runs_as, "USER 101\n").as_deref(), Some("101"));
        assert_eq!(option(&runs_as, "USER 101:102\n").as_deref(), Some("101:102"));
        assert_eq!(option(&runs_as, "USER nginx\n").as_deref(), Some("101"));
        assert_eq!(option(&[], "USER nginx\n"), None);
        assert_eq!(option(&runs_as, "USER root\n"), None);
        assert_eq!(option(&[], ""), None);
        assert!(!profile(&runs_as, "FROM a\nUSER 0\n", None).user.unprivileged);
    }

    #[test]
    fn written_directories_get_memory_or_a_volume() {
        let notes = [
            writes("/var/cache/nginx"),
            writes("/app"),
            writes("/var/lib/x"),
            writes("/home/app"),
            writes("/tmp"),
        ];
        let found = profile(&notes, "FROM a\nWORKDIR /app\nVOLUME /data\nUSER 5\n", None);
        assert_eq!(found.tmpfs, BTreeSet::from(["/var/cache/nginx".to_owned()]));
        assert_eq!(found.filled, BTreeSet::from(["/app".to_owned(), "/home/app".to_owned()]));
        let named = |name: &str| Source::Named(name.to_owned());
        let volumes = [("/data".to_owned(), named("data")), ("/var/lib/x".to_owned(), named("var-lib-x"))];
        assert_eq!(found.volumes, BTreeMap::from(volumes));
        assert_eq!(found.tmpfs_options(), "uid=5,mode=0700");
    }

    #[test]
    fn a_service_says_what_is_mounted() {
        let notes = [writes("/var/lib/x"), Note::LowPort { port: 80 }, writes("/srv/a/b")];
        let kinds = vec![
            mount(MountSource::Volume("db".to_owned()), "/data/"),
            mount(MountSource::Host("./x".to_owned()), "/var/lib/x"),
            mount(MountSource::Tmpfs, "/scratch"),
            mount(MountSource::Host("${HOME}".to_owned()), "/srv/a"),
            ServiceKind::HostNetwork,
            ServiceKind::CapAdd("SYS_NICE".to_owned()),
            ServiceKind::Port(8080),
        ];
        let found = profile(&notes, "FROM a\nVOLUME /data\nUSER 5\nEXPOSE 8080\n", Some(kinds));
        assert_eq!(found.volumes["/data"], Source::Named("db".to_owned()));
        assert_eq!(found.volumes["/var/lib/x"], Source::Folder("./x".to_owned()));
        assert_eq!((found.volumes.len(), found.tmpfs.len()), (2, 1));
        assert_eq!(found.ports.iter().map(|one| one.first).collect::<Vec<_>>(), [8080, 80]);
        assert_eq!(found.capabilities, ["NET_BIND_SERVICE", "SYS_NICE"].map(str::to_owned).into());
        assert!(found.low_port && !found.opens_low_ports());
    }
}
