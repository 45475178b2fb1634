//! Entries of `volumes` and `tmpfs` (Compose specification, "volumes").

use harden_core::{Mount, MountSource};

use super::expand::Expand;
use super::node::Node;

/// An entry of `volumes`, in the short or the long syntax. `None` for what is neither.
pub(super) fn volume(item: &Node, expand: &Expand<'_>, volumes: Option<&Node>) -> Option<Mount> {
    let mut mount = if item.is_map() { long(item, expand)? } else { short(item.written()?, expand)? };
    if let MountSource::Volume(name) = &mount.source
        && let Some(device) = volumes.and_then(|volumes| bound(volumes.get(name)?, expand))
    {
        mount.source = MountSource::Host(device);
    }
    (!mount.target.is_empty()).then_some(mount)
}

/// An entry of `tmpfs`: `/path` or `/path:options`.
pub(super) fn tmpfs(text: &str, expand: &Expand<'_>) -> Option<Mount> {
    let mut parts = expand.parts(text, ':').into_iter();
    let target = parts.next().filter(|target| !target.is_empty())?;
    let read_only = parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro"));
    Some(Mount { source: MountSource::Tmpfs, target, read_only })
}

/// `[SOURCE:]TARGET[:OPTIONS]`, where a letter and a colon begin a Windows path (compose-go, `format/volume.go`).
fn short(text: &str, expand: &Expand<'_>) -> Option<Mount> {
    let mut parts: Vec<String> = Vec::new();
    let mut drive = false;
    for part in expand.parts(text, ':') {
        match parts.last_mut() {
            Some(last) if drive => {
                last.push(':');
                last.push_str(&part);
                drive = false;
            }
            _ => {
                drive = is_letter(&part);
                parts.push(part);
            }
        }
    }
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    let Some(target) = parts.next() else {
        return Some(Mount { source: MountSource::Anonymous, target: first, read_only: false });
    };
    let read_only = parts.next().is_some_and(|options| {
        options.split(',').rev().find(|option| matches!(*option, "ro" | "rw")) == Some("ro")
    });
    Some(Mount { source: source(first), target, read_only })
}

fn is_letter(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// A path or the name of a volume. What begins with an unknown variable may be a path.
fn source(text: String) -> MountSource {
    let is_path = text.starts_with(['.', '/', '~', '$'])
        || text.starts_with("\\\\")
        || text.split_once(':').is_some_and(|(drive, _)| is_letter(drive));
    if is_path { MountSource::Host(text) } else { MountSource::Volume(text) }
}

fn long(item: &Node, expand: &Expand<'_>) -> Option<Mount> {
    let text = |key: &str| item.get(key).and_then(|value| expand.scalar(value));
    let target = text("target").or_else(|| text("destination")).or_else(|| text("dst"))?;
    let from = text("source").or_else(|| text("src")).filter(|from| !from.is_empty());
    let source = match (text("type").as_deref(), from) {
        (Some("tmpfs"), _) => MountSource::Tmpfs,
        (Some("volume" | "cluster" | "image"), Some(from)) if !from.starts_with('$') => {
            MountSource::Volume(from)
        }
        (Some("volume" | "cluster" | "image") | None, None) => MountSource::Anonymous,
        (None, Some(from)) => source(from),
        (Some(_), from) => MountSource::Host(from.unwrap_or_default()),
    };
    let read_only = item.get("read_only").is_some_and(|value| expand.switch(value) == Some(true));
    Some(Mount { source, target, read_only })
}

/// The path of the host behind a named volume: the `local` driver binds it with the option `bind`.
fn bound(volume: &Node, expand: &Expand<'_>) -> Option<String> {
    let options = volume.get("driver_opts")?;
    let bind = expand.scalar(options.get("o")?)?.split(',').any(|option| matches!(option, "bind" | "rbind"));
    bind.then(|| expand.scalar(options.get("device")?)).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::node_of;
    use super::*;

    fn read(item: &str) -> Option<Mount> {
        let text = format!(
            "volumes: {{bound: {{driver_opts: {{type: none, o: 'rw,bind', device: /srv}}}}, plain: }}\nitem: {item}\n"
        );
        let document = node_of(&text);
        let expand = Expand::new(&|name| name == "SET");
        volume(document.get("item").unwrap(), &expand, document.get("volumes"))
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with optional mounts")]
    fn mount(source: MountSource, target: &str, read_only: bool) -> Option<Mount> {
        Some(Mount { source, target: target.into(), read_only })
    }

    fn host(path: &str) -> MountSource {
        MountSource::Host(path.into())
    }

    fn named(name: &str) -> MountSource {
        MountSource::Volume(name.into())
    }

    #[test]
    fn short_syntax() {
        for (item, expected) in [
            ("/data", mount(MountSource::Anonymous, "/data", false)),
            ("'C:\\data'", mount(MountSource::Anonymous, "C:\\data", false)),
            ("data:/data", mount(named("data"), "/data", false)),
            ("plain:/data:ro", mount(named("plain"), "/data", true)),
            ("bound:/data", mount(host("/srv"), "/data", false)),
            (".:/app", mount(host("."), "/app", false)),
            ("./a:/b:ro", mount(host("./a"), "/b", true)),
            ("../a:/b:rw,z", mount(host("../a"), "/b", false)),
            ("./a:/b:z,ro", mount(host("./a"), "/b", true)),
            ("~/a:/b", mount(host("~/a"), "/b", false)),
            ("/var/run/docker.sock:/x.sock", mount(host("/var/run/docker.sock"), "/x.sock", false)),
            ("'C:\\a:/b'", mount(host("C:\\a"), "/b", false)),
            ("'c:/a:D:\\b:ro'", mount(host("c:/a"), "D:\\b", true)),
            ("'\\\\.\\pipe\\x:/y'", mount(host("\\\\.\\pipe\\x"), "/y", false)),
            ("'data:'", None),
            ("''", None),
            ("[a]", None),
        ] {
            assert_eq!(read(item), expected, "{item}");
        }
    }

    #[test]
    fn variables_in_the_short_syntax() {
        for (item, expected) in [
            ("'${DIR:-./a}:/b'", mount(host("./a"), "/b", false)),
            ("'${DIR}:/b:ro'", mount(host("${DIR}"), "/b", true)),
            ("'$DIR/x:/b'", mount(host("$DIR/x"), "/b", false)),
            ("'${SET:-C:/a}:/b'", mount(host("${SET:-C:/a}"), "/b", false)),
            ("'data-${NAME}:/b'", mount(named("data-${NAME}"), "/b", false)),
            ("'data:${DIR}/x'", mount(named("data"), "${DIR}/x", false)),
            ("'${SOURCE}:${TARGET:-/b}'", mount(host("${SOURCE}"), "/b", false)),
            ("'${ALL}'", mount(MountSource::Anonymous, "${ALL}", false)),
            ("'${ALL:-./a:/b:ro}'", mount(host("./a"), "/b", true)),
        ] {
            assert_eq!(read(item), expected, "{item}");
        }
    }

    #[test]
    fn long_syntax() {
        for (item, expected) in [
            ("{type: bind, source: ./a, target: /b}", mount(host("./a"), "/b", false)),
            ("{type: bind, source: a, target: /b, read_only: true}", mount(host("a"), "/b", true)),
            (
                "{type: volume, source: plain, target: /b, read_only: 'yes'}",
                mount(named("plain"), "/b", true),
            ),
            ("{type: volume, source: bound, target: /b}", mount(host("/srv"), "/b", false)),
            ("{type: volume, target: /b}", mount(MountSource::Anonymous, "/b", false)),
            ("{type: tmpfs, target: /b, tmpfs: {size: 10}}", mount(MountSource::Tmpfs, "/b", false)),
            (
                "{type: npipe, source: '\\\\.\\pipe\\x', target: /b}",
                mount(host("\\\\.\\pipe\\x"), "/b", false),
            ),
            ("{type: '${TYPE}', source: data, target: /b}", mount(host("data"), "/b", false)),
            ("{type: volume, source: '${V}', target: /b}", mount(host("${V}"), "/b", false)),
            ("{source: data, target: /b}", mount(named("data"), "/b", false)),
            ("{type: bind, source: ./a, target: /b, read_only: '${RO}'}", mount(host("./a"), "/b", false)),
            ("{type: bind, source: ./a}", None),
        ] {
            assert_eq!(read(item), expected, "{item}");
        }
    }

    #[test]
    fn memory() {
        let expand = Expand::new(&|_| false);
        assert_eq!(tmpfs("/run", &expand), mount(MountSource::Tmpfs, "/run", false));
        assert_eq!(tmpfs("/run:size=64m,mode=755", &expand), mount(MountSource::Tmpfs, "/run", false));
        assert_eq!(tmpfs("${DIR}:ro", &expand), mount(MountSource::Tmpfs, "${DIR}", true));
        assert_eq!(tmpfs("", &expand), None);
    }
}
