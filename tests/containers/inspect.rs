//! Users and tools of a base image, as `--inspect` finds them in its layers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use harden_core::{ImageFiles, ImageGroup, ImageUser};

use crate::docker::{Docker, PROBE};
use crate::process::LIMIT;

const FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const TOOLS: [&str; 10] =
    ["addgroup", "adduser", "ash", "bash", "busybox", "dash", "groupadd", "sh", "useradd", "usermod"];

/// Looks into a container of `image`.
pub(crate) fn files(docker: &Docker, image: &str, busybox: &Path) -> ImageFiles {
    let mut script = String::new();
    for file in ["/etc/passwd", "/etc/group", "/etc/os-release"] {
        let _ = writeln!(script, "echo '# {file}'; {PROBE} cat {file} 2>/dev/null");
    }
    let _ = writeln!(script, "echo '# tools'");
    for (folder, tool) in FOLDERS.iter().flat_map(|folder| TOOLS.map(|tool| (folder, tool))) {
        let path = format!("{folder}/{tool}");
        let _ = writeln!(script, "[ -x {path} ] && echo {path} $({PROBE} readlink -f {path})");
    }
    let options = ["--entrypoint", PROBE, "--user", "0"].map(str::to_owned);
    let container = docker.create(image, &options, &["sleep", "60"], busybox);
    let mut running = Docker::start(&container);
    let answer = loop {
        let answer = Docker::probe(&container, &format!("{script}true\n"));
        if answer.succeeded() || running.is_over() {
            break answer;
        }
        thread::sleep(Duration::from_millis(30));
    };
    Docker::kill(&container);
    running.wait(LIMIT);
    read(&answer.ok().unwrap_or_else(|why| panic!("{image}: {why}")))
}

fn read(answer: &str) -> ImageFiles {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut section = "";
    for line in answer.lines() {
        match line.strip_prefix("# ") {
            Some(name) => section = name,
            None => sections.entry(section).or_default().push(line),
        }
    }
    let lines = |name: &str| sections.get(name).cloned().unwrap_or_default();
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let user = |line: &&str| match &fields(line)[..] {
        [name, _, uid, gid, _, home, shell] => Some(ImageUser {
            name: name.clone(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: home.clone(),
            shell: shell.clone(),
        }),
        _ => None,
    };
    let group = |line: &&str| match &fields(line)[..] {
        [name, _, gid, members] => Some(ImageGroup {
            name: name.clone(),
            gid: gid.parse().ok()?,
            members: members.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        }),
        _ => None,
    };
    let wanted = ["ID", "ID_LIKE", "VERSION_ID", "VERSION_CODENAME", "VARIANT_ID"];
    let release = |line: &&str| {
        let (name, value) = line.split_once('=')?;
        wanted.contains(&name).then(|| (name.to_owned(), value.trim_matches('"').to_owned()))
    };
    let tool = |line: &&str| line.split_once(' ').map(|(path, target)| (path.to_owned(), target.to_owned()));
    ImageFiles {
        platform: None,
        users: lines("/etc/passwd").iter().filter_map(user).collect(),
        groups: lines("/etc/group").iter().filter_map(group).collect(),
        os_release: lines("/etc/os-release").iter().filter_map(release).collect(),
        tools: lines("tools").iter().filter_map(tool).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_the_probe_prints_becomes_facts() {
        let files = read(
            "# /etc/passwd\nroot:x:0:0:root:/root:/bin/sh\nodd line\napp:x:10001:10002::/app:\n# /etc/group\n\
             staff:x:50:app,web\n# /etc/os-release\nID=alpine\nNAME=\"A\"\nVERSION_ID=\"3.22\"\n# tools\n\
             /bin/sh /bin/busybox\n",
        );
        assert_eq!(files.users.len(), 2);
        assert_eq!((files.users[1].uid, files.users[1].gid), (10001, 10002));
        assert_eq!(files.groups[0].members, ["app", "web"]);
        assert_eq!(files.os_release.len(), 2);
        assert_eq!(files.os_release["VERSION_ID"], "3.22");
        assert!(files.is_busybox("sh"));
    }
}
