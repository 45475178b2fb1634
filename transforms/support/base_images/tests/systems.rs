//! Images the table does not name.

use harden_core::{ImageFiles, ImageUser};

use super::super::{Family, PackageManager, Platform, Shell, UserTool, by_os_release, by_package_manager};

fn files(release: &[(&str, &str)], tools: &[(&str, &str)], passwd: bool) -> ImageFiles {
    let pairs = |list: &[(&str, &str)]| list.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
    let root =
        ImageUser { name: "root".into(), uid: 0, gid: 0, home: "/root".into(), shell: "/bin/sh".into() };
    ImageFiles {
        platform: Some("linux/amd64".to_owned()),
        users: if passwd { vec![root] } else { Vec::new() },
        os_release: pairs(release),
        tools: pairs(tools),
        ..ImageFiles::default()
    }
}

const SHADOW: [(&str, &str); 3] = [
    ("/bin/sh", "/bin/dash"),
    ("/usr/sbin/useradd", "/usr/sbin/useradd"),
    ("/usr/sbin/groupadd", "/usr/sbin/groupadd"),
];
const BUSYBOX: [(&str, &str); 3] = [
    ("/bin/sh", "/bin/busybox"),
    ("/usr/sbin/adduser", "/bin/busybox"),
    ("/usr/sbin/addgroup", "/bin/busybox"),
];

#[test]
fn releases_are_recognised() {
    for (release, tools, family, manager, tool) in [
        (vec![("ID", "debian")], &SHADOW[..], Family::Debian, PackageManager::Apt, UserTool::Shadow),
        (
            vec![("ID", "ubuntu"), ("ID_LIKE", "debian")],
            &SHADOW,
            Family::Ubuntu,
            PackageManager::Apt,
            UserTool::Shadow,
        ),
        (
            vec![("ID", "linuxmint"), ("ID_LIKE", "ubuntu debian")],
            &SHADOW,
            Family::Ubuntu,
            PackageManager::Apt,
            UserTool::Shadow,
        ),
        (vec![("ID", "alpine")], &BUSYBOX, Family::Alpine, PackageManager::Apk, UserTool::Busybox),
        (
            vec![("ID", "postmarketos"), ("ID_LIKE", "alpine")],
            &BUSYBOX,
            Family::Alpine,
            PackageManager::Apk,
            UserTool::Busybox,
        ),
        (
            vec![("ID", "rhel"), ("ID_LIKE", "fedora")],
            &SHADOW[..1],
            Family::Rhel,
            PackageManager::Unknown,
            UserTool::None,
        ),
        (vec![("ID", "sles")], &SHADOW, Family::Suse, PackageManager::Zypper, UserTool::Shadow),
        (vec![("ID", "plan9")], &SHADOW, Family::Unknown, PackageManager::Unknown, UserTool::Shadow),
        (vec![], &BUSYBOX, Family::Unknown, PackageManager::Unknown, UserTool::Busybox),
    ] {
        let system = by_os_release(&files(&release, tools, true)).unwrap();
        assert_eq!((system.family, system.package_manager), (family, manager), "{release:?}");
        assert_eq!((system.user_tool, system.shell), (tool, Shell::Path("/bin/sh")), "{release:?}");
        assert_eq!((system.passwd, system.platform), (Some(true), Platform::Linux), "{release:?}");
    }
}

#[test]
fn what_is_in_the_image_counts_more_than_its_release() {
    let alpine_with_shadow: Vec<_> = BUSYBOX.into_iter().chain(SHADOW.into_iter().skip(1)).collect();
    let system = by_os_release(&files(&[("ID", "alpine")], &alpine_with_shadow, true)).unwrap();
    assert_eq!((system.family, system.user_tool), (Family::Alpine, UserTool::Shadow));

    let only_useradd = by_os_release(&files(&[("ID", "debian")], &SHADOW[..2], true)).unwrap();
    assert_eq!(only_useradd.user_tool, UserTool::None);
}

#[test]
fn images_without_a_shell() {
    let distroless = by_os_release(&files(&[("ID", "debian")], &[], true)).unwrap();
    assert_eq!((distroless.family, distroless.shell), (Family::Distroless, Shell::None));
    assert_eq!((distroless.package_manager, distroless.passwd), (PackageManager::None, Some(true)));

    let scratch = by_os_release(&files(&[], &[], false)).unwrap();
    assert_eq!((scratch.family, scratch.shell, scratch.passwd), (Family::Unknown, Shell::None, Some(false)));

    assert_eq!(by_os_release(&ImageFiles::default()), None);
}

#[test]
fn windows_has_its_platform() {
    let windows = ImageFiles { platform: Some("windows/amd64".to_owned()), ..ImageFiles::default() };
    let system = by_os_release(&windows).unwrap();
    assert_eq!((system.family, system.platform), (Family::Windows, Platform::Windows));
}

#[test]
fn package_managers_tell_the_user_tool() {
    for (command, family, manager, tool) in [
        ("apk", Family::Alpine, PackageManager::Apk, UserTool::Busybox),
        ("apt-get", Family::Debian, PackageManager::Apt, UserTool::Shadow),
        ("apt", Family::Debian, PackageManager::Apt, UserTool::Shadow),
        ("zypper", Family::Suse, PackageManager::Zypper, UserTool::Shadow),
        ("pacman", Family::Arch, PackageManager::Pacman, UserTool::Shadow),
        ("yum", Family::Unknown, PackageManager::Yum, UserTool::Unknown),
        ("dnf", Family::Unknown, PackageManager::Dnf, UserTool::Unknown),
        ("microdnf", Family::Rhel, PackageManager::Microdnf, UserTool::Unknown),
        ("tdnf", Family::Unknown, PackageManager::Tdnf, UserTool::Unknown),
    ] {
        let system = by_package_manager(command).unwrap();
        assert_eq!(
            (system.family, system.package_manager, system.user_tool),
            (family, manager, tool),
            "{command}"
        );
        assert_eq!((system.shell, system.passwd), (Shell::Path("/bin/sh"), Some(true)), "{command}");
    }
    assert_eq!(by_package_manager("npm"), None);
    assert_eq!(by_package_manager("apk-tools"), None);
}
