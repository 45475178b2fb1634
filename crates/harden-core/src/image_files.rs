//! What the file system of an image says about users and tools.

use std::collections::BTreeMap;

/// Where a shell looks for a command in the usual images, first place first.
const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Users, groups, release and tools of an image, all layers together.
///
/// Only what is listed here was read. Of passwd(5) and group(5), passwords and comments were not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFiles {
    /// The platform whose layers were read, `os/architecture[/variant]`.
    pub platform: Option<String>,
    /// `/etc/passwd`, in order; empty when there is none.
    pub users: Vec<ImageUser>,
    /// `/etc/group`, in order; empty when there is none.
    pub groups: Vec<ImageGroup>,
    /// os-release(5): `ID`, `ID_LIKE`, `VERSION_ID`, `VERSION_CODENAME` and `VARIANT_ID` as far as they are set. From
    /// `/etc/os-release`, or else `/usr/lib/os-release`.
    pub os_release: BTreeMap<String, String>,
    /// Executable shells and tools for users, by absolute path, with the file they lead to after links: `/bin/sh` →
    /// `/bin/busybox`, `/usr/sbin/useradd` → itself. A link may lead outside the places that were looked at; then it
    /// was not checked that something is there.
    pub tools: BTreeMap<String, String>,
}

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUser {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Id of the primary group.
    pub gid: u32,
    /// Home directory; may be empty.
    pub home: String,
    /// Login shell; may be empty.
    pub shell: String,
}

/// A line of `/etc/group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageGroup {
    /// Group name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Login names of the members that are listed.
    pub members: Vec<String>,
}

impl ImageFiles {
    /// Whether there is `/bin/sh`, which RUN needs in shell form unless SHELL says otherwise.
    pub fn has_shell(&self) -> bool {
        self.tools.contains_key("/bin/sh")
    }

    /// The path of a tool in the places where shells look: `useradd` → `/usr/sbin/useradd`.
    pub fn tool(&self, name: &str) -> Option<&str> {
        PATH.iter().find_map(|folder| {
            let (path, _) = self.tools.get_key_value(&format!("{folder}/{name}"))?;
            Some(path.as_str())
        })
    }

    /// Whether the tool with this name is `BusyBox`'s, as far as links tell.
    pub fn is_busybox(&self, name: &str) -> bool {
        let target = self.tool(name).and_then(|path| self.tools.get(path));
        target.and_then(|path| path.rsplit('/').next()).is_some_and(|file| file.starts_with("busybox"))
    }

    /// The user with this login name. Of two, the first counts, as in getpwnam(3).
    pub fn user(&self, name: &str) -> Option<&ImageUser> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The user with this id. Of two, the first counts.
    pub fn user_of(&self, uid: u32) -> Option<&ImageUser> {
        self.users.iter().find(|user| user.uid == uid)
    }

    /// The group with this name. Of two, the first counts.
    pub fn group(&self, name: &str) -> Option<&ImageGroup> {
        self.groups.iter().find(|group| group.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(tools: &[(&str, &str)]) -> ImageFiles {
        let tools = tools.iter().map(|(path, target)| ((*path).to_owned(), (*target).to_owned())).collect();
        ImageFiles { tools, ..ImageFiles::default() }
    }

    #[test]
    fn tools_are_found_in_the_order_of_path() {
        let debian = files(&[
            ("/bin/sh", "/usr/bin/dash"),
            ("/usr/bin/sh", "/usr/bin/dash"),
            ("/usr/sbin/useradd", "/usr/sbin/useradd"),
        ]);
        assert!(debian.has_shell());
        assert_eq!(debian.tool("sh"), Some("/usr/bin/sh"));
        assert_eq!(debian.tool("useradd"), Some("/usr/sbin/useradd"));
        assert_eq!(debian.tool("adduser"), None);
        assert!(!debian.is_busybox("sh") && !debian.is_busybox("adduser"));
    }

    #[test]
    fn links_tell_busybox() {
        let alpine = files(&[
            ("/bin/busybox", "/bin/busybox"),
            ("/bin/sh", "/bin/busybox"),
            ("/usr/sbin/adduser", "/bin/busybox"),
        ]);
        assert!(alpine.is_busybox("sh") && alpine.is_busybox("adduser"));
        assert!(!files(&[("/bin/bash", "/bin/bash")]).has_shell());
    }
}
