//! Operating systems of images the table does not name.

use harden_core::ImageFiles;

use super::table;
use super::types::{Family, PackageManager, Platform, Shell, System, UserTool};

/// What an image is, by the files in it.
///
/// The release names the distribution (os-release(5): `ID`, else the first of `ID_LIKE` that is known). Shell, user tool
/// and `/etc/passwd` are what was found, whatever the distribution usually has. `None` when nothing at all was found
/// and the platform is not known either.
pub(crate) fn by_os_release(files: &ImageFiles) -> Option<System> {
    let windows = files.platform.as_deref().is_some_and(|platform| platform.starts_with("windows"));
    if windows {
        return Some(table::WINDOWS);
    }
    let nothing = files.os_release.is_empty() && files.tools.is_empty() && files.users.is_empty();
    if nothing && files.platform.is_none() {
        return None;
    }
    let id = files.os_release.get("ID").map(String::as_str);
    let like = files.os_release.get("ID_LIKE").map(String::as_str).unwrap_or_default();
    let known = id.into_iter().chain(like.split_ascii_whitespace()).find_map(by_id);
    let mut system = known.unwrap_or(UNKNOWN);
    system.passwd = Some(!files.users.is_empty());
    system.user_tool = user_tool(files);
    // The listing holds what is in the image; what the family usually has besides is not proved.
    system.accounts = &[];
    if files.has_shell() {
        system.shell = Shell::Path("/bin/sh");
    } else {
        system.shell = Shell::None;
        system.package_manager = PackageManager::None;
        if known.is_some() {
            system.family = Family::Distroless;
        }
    }
    Some(system)
}

/// What an image is whose RUN lines use this package manager, by the name of its command.
///
/// Small images of the same family differ in their user tools; then those are unknown.
pub(crate) fn by_package_manager(command: &str) -> Option<System> {
    let found = table::PACKAGE_MANAGERS.iter().find(|(known, _)| *known == command)?;
    Some(found.1)
}

const UNKNOWN: System = System {
    family: Family::Unknown,
    platform: Platform::Linux,
    package_manager: PackageManager::Unknown,
    shell: Shell::Unknown,
    user_tool: UserTool::Unknown,
    passwd: None,
    accounts: &[],
};

fn by_id(id: &str) -> Option<System> {
    let at = table::RELEASES.binary_search_by_key(&id, |&(known, _)| known).ok()?;
    table::RELEASES.get(at).map(|found| found.1)
}

fn user_tool(files: &ImageFiles) -> UserTool {
    let has = |name: &str| files.tool(name).is_some() && !files.is_busybox(name);
    if has("useradd") && has("groupadd") {
        UserTool::Shadow
    } else if files.is_busybox("adduser") && files.is_busybox("addgroup") {
        UserTool::Busybox
    } else {
        UserTool::None
    }
}
