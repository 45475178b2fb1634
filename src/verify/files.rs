//! What differs between the files of two images, and which of it is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::container::accounts;
use super::layer::{Files, Kind, Node};
use super::{Intent, archive::Image};

/// How a path differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Difference {
    Gone,
    New,
    /// Another kind of thing: a folder became a file.
    Type,
    Content,
    Mode,
    Owner,
}

impl Difference {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Gone => "is gone",
            Self::New => "is new",
            Self::Type => "is another kind of file",
            Self::Content => "has other content",
            Self::Mode => "has another mode",
            Self::Owner => "has another owner",
        }
    }
}

pub(super) type Differences = BTreeMap<String, Difference>;

/// All differences, by path.
pub(super) fn differences(before: &Files, after: &Files) -> Differences {
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let mut all: Differences = gone.map(|path| (path.clone(), Difference::Gone)).collect();
    for (path, new) in after {
        let difference = match before.get(path) {
            None => Some(Difference::New),
            Some(old) => difference(old, before, new, after),
        };
        if let Some(difference) = difference {
            all.insert(path.clone(), difference);
        }
    }
    all
}

fn difference(old: &Node, before: &Files, new: &Node, after: &Files) -> Option<Difference> {
    let (old_kind, new_kind) = (whole(&old.kind, before), whole(&new.kind, after));
    let same_type = std::mem::discriminant(old_kind) == std::mem::discriminant(new_kind);
    if !same_type {
        Some(Difference::Type)
    } else if old_kind != new_kind {
        Some(Difference::Content)
    } else if matches!(old_kind, Kind::Link(_)) {
        // Nobody looks at the mode and the owner of a link.
        None
    } else if (old.uid, old.gid) != (new.uid, new.gid) {
        Some(Difference::Owner)
    } else if old.mode != new.mode {
        Some(Difference::Mode)
    } else {
        None
    }
}

/// The file that a hard link is a name of.
fn whole<'f>(kind: &'f Kind, files: &'f Files) -> &'f Kind {
    match kind {
        Kind::Hard(target) => files.get(target).map_or(kind, |node| &node.kind),
        other => other,
    }
}

/// Files that account tools change (shadow utilities, busybox).
const ACCOUNTS: &str = "etc/passwd etc/group etc/shadow etc/gshadow etc/passwd- etc/group- etc/shadow- etc/gshadow- \
    etc/subuid etc/subgid etc/subuid- etc/subgid- etc/.pwd.lock var/log/lastlog var/log/faillog";
/// Folders of what is different after every build or belongs to the builder.
const VOLATILE: &str = "tmp var/tmp var/log var/cache run proc sys dev root/.cache var/lib/apt/lists";
/// Files that builders put in place while a step runs, and caches of the linker.
const VOLATILE_FILES: &str =
    "etc/hostname etc/hosts etc/resolv.conf etc/mtab .dockerenv etc/ld.so.cache etc/machine-id";

/// The differences of two images, sorted out.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorted {
    /// By reason, how many are meant or mean nothing.
    pub(super) meant: BTreeMap<&'static str, usize>,
    /// The others.
    pub(super) left: Differences,
}

/// Sorts out what a rewrite of that intent changes.
pub(super) fn sort(before: &Image, after: &Image, intent: Intent, new_uid: Option<u64>) -> Sorted {
    let secret: BTreeSet<&str> = before
        .found
        .values()
        .flatten()
        .filter_map(|place| place.split_once(": /").map(|(_, path)| path))
        .collect();
    let old_accounts = accounts(&before.passwd);
    let new_accounts = accounts(&after.passwd);
    let added: Vec<_> = new_accounts.iter().filter(|(name, _)| !old_accounts.contains_key(*name)).collect();
    let homes: Vec<&str> =
        added.iter().map(|(_, (_, home))| home.trim_matches('/')).filter(|one| !one.is_empty()).collect();
    let ids: BTreeSet<u64> = added.iter().map(|(_, (uid, _))| *uid).chain(new_uid).collect();
    let mut sorted = Sorted::default();
    for (path, difference) in differences(&before.files, &after.files) {
        let (old, new) = (before.files.get(&path), after.files.get(&path));
        let reason = if secret.contains(path.as_str()) {
            Some("files that held a secret")
        } else if intent.user {
            of_user(&path, difference, old, new, &homes, &ids)
        } else {
            None
        };
        match reason.or_else(|| of_every_build(&path, difference, old)) {
            Some(reason) => *sorted.meant.entry(reason).or_default() += 1,
            None => {
                sorted.left.insert(path, difference);
            }
        }
    }
    sorted
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn of_user(
    path: &str,
    difference: Difference,
    old: Option<&Node>,
    new: Option<&Node>,
    homes: &[&str],
    ids: &BTreeSet<u64>,
) -> Option<&'static str> {
    if ACCOUNTS.split(' ').any(|known| known == path) {
        return Some("accounts");
    }
    let new = new?;
    let own = ids.contains(&new.uid);
    match difference {
        Difference::New if homes.iter().any(|home| is_below(path, home)) => Some("home of the new user"),
        Difference::New if is_below(path, "var/mail") || is_below(path, "var/spool/mail") => {
            Some("home of the new user")
        }
        Difference::New if own && new.kind == Kind::Folder => Some("folders of the new user"),
        // Everybody else may do no more than before.
        Difference::Owner
            if (own || new.gid == 0) && old.is_some_and(|old| new.mode & 0o002 & !old.mode == 0) =>
        {
            Some("owner")
        }
        Difference::Mode
            if old.is_some_and(|old| {
                new.mode & 0o700 == old.mode & 0o700 && new.mode & 0o7 & !old.mode == 0
            }) =>
        {
            Some("mode for the group")
        }
        _ => None,
    }
}

fn of_every_build(path: &str, difference: Difference, old: Option<&Node>) -> Option<&'static str> {
    let python = std::path::Path::new(path).extension().is_some_and(|one| one == "pyc");
    let volatile = VOLATILE_FILES.split(' ').any(|known| known == path)
        || VOLATILE.split(' ').any(|folder| path != folder && is_below(path, folder))
        || python
        || path.ends_with("/__pycache__");
    // A program may need a folder that is gone, wherever it was.
    let folder = difference == Difference::Gone && old.is_some_and(|old| old.kind == Kind::Folder);
    let needed = folder && !path.ends_with("/__pycache__");
    (volatile && !needed && difference != Difference::Type).then_some("caches, logs and temporary files")
}

/// Takes out what also differs between two builds of the original.
pub(super) fn without_noise(sorted: &mut Sorted, before: &Files, control: &Files) {
    let noise = differences(before, control);
    let all = std::mem::take(&mut sorted.left);
    for (path, difference) in all {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let same = match noise.get(&path) {
            Some(Difference::Gone) => true,
            Some(other) => *other == difference,
            // A new name beside other new names: it is made up anew in each build.
            None => {
                difference == Difference::New
                    && noise.iter().any(|(other, kind)| {
                        *kind == Difference::New
                            && other.rsplit_once('/').map_or("", |(folder, _)| folder) == folder
                    })
            }
        };
        if same {
            *sorted.meant.entry("files that differ from build to build").or_default() += 1;
        } else {
            sorted.left.insert(path, difference);
        }
    }
}

/// What is gone, by top folder.
pub(super) fn gone_by_folder(left: &Differences) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (path, difference) in left {
        if *difference == Difference::Gone {
            *counts.entry(path.split('/').next().unwrap_or(path)).or_default() += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: u8, mode: u32, uid: u64) -> Node {
        Node { kind: Kind::File { size: 1, digest: [text; 32] }, mode, uid, gid: uid }
    }

    fn folder(uid: u64) -> Node {
        Node { kind: Kind::Folder, mode: 0o755, uid, gid: uid }
    }

    fn files(list: &[(&str, Node)]) -> Files {
        list.iter().map(|(path, node)| ((*path).to_owned(), node.clone())).collect()
    }

    #[test]
    fn each_kind_of_difference() {
        let before = files(&[
            ("a", file(1, 0o644, 0)),
            ("b", file(1, 0o644, 0)),
            ("c", file(1, 0o644, 0)),
            ("d", file(1, 0o644, 0)),
            ("e", file(1, 0o644, 0)),
            ("f", file(1, 0o644, 0)),
            ("h", Node { kind: Kind::Hard("f".into()), ..file(1, 0o644, 0) }),
        ]);
        let after = files(&[
            ("b", folder(0)),
            ("c", file(2, 0o644, 0)),
            ("d", file(1, 0o755, 0)),
            ("e", file(1, 0o644, 7)),
            ("f", file(1, 0o644, 0)),
            ("g", file(1, 0o644, 0)),
            ("h", file(1, 0o644, 0)),
        ]);
        let found: Vec<_> = differences(&before, &after).into_iter().collect();
        let expected = [
            ("a", Difference::Gone),
            ("b", Difference::Type),
            ("c", Difference::Content),
            ("d", Difference::Mode),
            ("e", Difference::Owner),
            ("g", Difference::New),
        ];
        assert_eq!(found, expected.map(|(path, difference)| (path.to_owned(), difference)));
    }

    #[test]
    fn a_new_user_explains_some() {
        let before = Image {
            files: files(&[
                ("etc/passwd", file(1, 0o644, 0)),
                ("data", folder(0)),
                ("code", file(1, 0o644, 0)),
                ("tmp/x", file(1, 0o600, 0)),
                ("var/log/app", folder(0)),
            ]),
            passwd: "root:x:0:0::/root:/bin/sh\n".into(),
            ..Image::default()
        };
        let after = Image {
            files: files(&[
                ("etc/passwd", file(2, 0o644, 0)),
                ("data", folder(1000)),
                ("code", file(1, 0o646, 1000)),
                ("home/app", folder(1000)),
                ("home/app/.profile", file(1, 0o644, 1000)),
                ("tmp/y", file(1, 0o600, 0)),
            ]),
            passwd: "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n".into(),
            ..Image::default()
        };
        let intent = Intent { user: true, ..Intent::default() };
        let sorted = sort(&before, &after, intent, Some(1000));
        let left: Vec<_> = sorted.left.into_iter().collect();
        assert_eq!(
            left,
            [("code".to_owned(), Difference::Owner), ("var/log/app".to_owned(), Difference::Gone)],
            "everybody may write to the first, and the second was a folder"
        );
        let without = sort(&before, &after, Intent::default(), None);
        assert_eq!(without.left.len(), 6);
    }

    #[test]
    fn noise_is_what_two_builds_of_the_original_differ_in() {
        let before = files(&[("a", file(1, 0o644, 0)), ("b", file(1, 0o644, 0)), ("r/1", file(1, 0o644, 0))]);
        let control =
            files(&[("a", file(2, 0o644, 0)), ("b", file(1, 0o644, 0)), ("r/2", file(1, 0o644, 0))]);
        let after = files(&[("a", file(3, 0o644, 0)), ("r/3", file(1, 0o644, 0))]);
        let mut sorted = Sorted { left: differences(&before, &after), ..Sorted::default() };
        without_noise(&mut sorted, &before, &control);
        assert_eq!(sorted.left.into_iter().collect::<Vec<_>>(), [("b".to_owned(), Difference::Gone)]);
    }
}
