//! What the data must fulfil.

use std::collections::BTreeSet;

use harden_core::syntax::Reference;

use super::types::{
    BaseImage, Command, DefaultUser, Evidence, Family, PackageManager, Platform, Privileges, Role, Shell,
    UserTool,
};
use super::{official, table, tag};

mod corpus;
mod lookups;
mod systems;

/// Every entry once, with the first of its names.
fn entries() -> impl Iterator<Item = (&'static str, &'static [BaseImage])> {
    let tables = [table::NAMES, table::PREFIXES];
    tables.into_iter().flatten().filter_map(|(_, variants)| {
        let first = variants.first()?.names.first()?;
        Some((*first, *variants))
    })
}

fn every_image() -> impl Iterator<Item = &'static BaseImage> {
    entries().flat_map(|(_, variants)| variants)
}

fn is_sorted<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn names_are_the_shortest_spelling_of_references() {
    for image in every_image() {
        assert!(is_sorted(image.names), "{:?} are not sorted", image.names);
        for name in image.names {
            let whole =
                name.strip_suffix('*').map_or_else(|| (*name).to_owned(), |prefix| format!("{prefix}x"));
            let reference = Reference::parse(&whole).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((reference.tag(), reference.digest()), (None, None), "{name}");
            assert_eq!(
                official(reference.repository()),
                whole,
                "{name} is never looked for in this spelling"
            );
        }
    }
}

#[test]
fn tables_are_sorted_for_the_search() {
    assert!(table::NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(table::PREFIXES.windows(2).all(|pair| pair[0].0.len() >= pair[1].0.len()));
    assert!(table::RELEASES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(is_sorted(table::MIRRORS));
    assert!(table::MIRRORS.iter().all(|mirror| mirror.ends_with('/')));
}

#[test]
fn images_are_sorted_by_their_first_name() {
    let data = include_str!("../../data/base-images.toml");
    let first = |block: &str| block.split_once("names = [")?.1.split('"').nth(1).map(str::to_owned);
    let order: Vec<_> = data.split("\n[[image]]\n").skip(1).map(|block| first(block).unwrap()).collect();
    assert!(order.len() > 100);
    for pair in order.windows(2) {
        assert!(pair[0] < pair[1], "{} stands before {}", pair[0], pair[1]);
    }

    let systems = include_str!("../../data/operating-systems.toml");
    let order: Vec<_> =
        systems.lines().filter_map(|line| line.strip_prefix("[system.")?.strip_suffix(']')).collect();
    assert!(order.len() > 20 && is_sorted(&order), "{order:?}");
}

#[test]
fn every_variant_can_be_reached() {
    for (name, variants) in entries() {
        let mut seen = BTreeSet::new();
        for (position, image) in variants.iter().enumerate() {
            let last = position + 1 == variants.len();
            assert!(
                !image.tags.is_empty() || last,
                "{name}: nothing after the variant for all tags is found"
            );
            for tags in image.tags {
                assert!(tag::is_valid(tags), "{name}: {tags:?} is no pattern");
                assert!(seen.insert(tags), "{name}: {tags:?} stands twice");
            }
        }
    }
}

/// A tag that `pattern` describes and as little else as possible: `>=8 *alpine*` → `8-alpine`.
fn sample(pattern: &str) -> String {
    let version = |term: &str| {
        let bound = term.strip_prefix(">=").map(str::to_owned);
        bound.or_else(|| {
            let (first, rest) = term.strip_prefix('<')?.split_once('.').unwrap_or((&term[1..], "0"));
            Some(format!("{}.{rest}", first.parse::<u32>().unwrap() - 1))
        })
    };
    let number = pattern.split(' ').find_map(version);
    let text = pattern.split(' ').find(|term| version(term).is_none()).map(|glob| glob.replace('*', ""));
    number.into_iter().chain(text).collect::<Vec<_>>().join("-")
}

#[test]
fn no_variant_hides_another() {
    for (name, variants) in entries() {
        let finds = |image: &BaseImage, tag: &str| {
            image.tags.is_empty() || image.tags.iter().any(|tags| tag::matches(tags, tag))
        };
        for (position, image) in variants.iter().enumerate() {
            for tags in image.tags {
                let tag = sample(tags);
                let found = variants.iter().position(|one| finds(one, &tag));
                assert_eq!(found, Some(position), "{name}:{tag} is not found by {tags:?}");
            }
        }
    }
}

#[test]
fn facts_say_where_they_come_from() {
    for image in every_image() {
        let sourced =
            image.source.is_some_and(|source| source.contains([' ', '/']) && !source.ends_with('.'));
        assert!(sourced || image.source.is_none(), "{:?}: {:?}", image.names, image.source);
        assert!(sourced || image.evidence == Evidence::Unverified, "{:?} names no source", image.names);
    }
}

#[test]
fn users_are_real() {
    for image in every_image() {
        let names = image.names;
        let uids: BTreeSet<_> = image.users.iter().map(|user| user.uid).collect();
        assert_eq!(uids.len(), image.users.len(), "{names:?} has two users with one uid");
        assert!(!uids.contains(&0), "{names:?}: root is not named");
        if let DefaultUser::Other { name, uid, home, .. } = image.user {
            assert!(name.is_some() || uid.is_some(), "{names:?}");
            assert_ne!((name, uid), (Some("root"), Some(0)), "{names:?}");
            assert!(home.is_none_or(|home| home.starts_with('/')), "{names:?}");
            assert!(uid.is_none_or(|uid| !uids.contains(&uid)), "{names:?}: the default user stands twice");
        }
        let owns_1000 = image.account_of(1000).is_some();
        assert!(!owns_1000 || image.uid_1000_free != Some(true), "{names:?}: uid 1000 is taken");
    }
}

#[test]
fn systems_are_consistent() {
    for image in every_image() {
        let (names, system) = (image.names, image.system);
        if system.shell == Shell::None {
            assert_eq!(system.user_tool, UserTool::None, "{names:?}");
            assert_eq!(system.package_manager, PackageManager::None, "{names:?}");
        }
        if system.user_tool == UserTool::Shadow || system.user_tool == UserTool::Busybox {
            assert_eq!(system.passwd, Some(true), "{names:?}");
        }
        assert_eq!(system.platform == Platform::Windows, system.family == Family::Windows, "{names:?}");
        if system.platform == Platform::Windows {
            let facts = (image.users, image.uid_1000_free, image.open_dirs, image.state_dirs, image.volumes);
            assert!(
                matches!(facts, ([], None, [], [], [])) && image.working_dir.is_none(),
                "{names:?}: a Windows variant has facts of Linux"
            );
        }
    }
}

#[test]
fn paths_and_ports_are_well_formed() {
    for image in every_image() {
        let names = image.names;
        let directories = [image.open_dirs, image.state_dirs, image.volumes];
        for list in directories {
            assert!(is_sorted(list), "{names:?}: {list:?} is not sorted");
        }
        for path in directories.into_iter().flatten().copied().chain(image.working_dir) {
            assert!(path.starts_with('/') && (path == "/" || !path.ends_with('/')), "{names:?}: {path}");
        }
        assert!(is_sorted(image.ports), "{names:?}: {:?}", image.ports);
        assert!(!image.ports.contains(&0), "{names:?}");
        assert!(is_sorted(image.needs), "{names:?}: {:?}", image.needs);
        if let Command::Exec(words) = image.entrypoint {
            assert!(words.iter().all(|word| !word.is_empty()), "{names:?}");
        }
    }
}

#[test]
fn roles_agree_with_the_rest() {
    for image in every_image() {
        let names = image.names;
        match image.role {
            Role::Init => {
                assert!(
                    matches!(image.privileges, Privileges::NeedsRoot { .. }),
                    "{names:?} needs root for its init"
                );
            }
            Role::Base | Role::BuildTool | Role::Managed => {
                assert!(!matches!(image.privileges, Privileges::Drops { .. }), "{names:?}");
            }
            Role::Server => {}
        }
        match image.privileges {
            Privileges::Drops { tools } => {
                assert!(!tools.is_empty() && is_sorted(tools), "{names:?}: {tools:?}");
            }
            Privileges::NeedsRoot { why } => {
                assert!(!why.is_empty() && !why.ends_with('.'), "{names:?}: {why}");
            }
            Privileges::None | Privileges::Passthrough | Privileges::Unknown => {}
        }
        for sentence in [image.advice, image.note].into_iter().flatten() {
            assert!(sentence.ends_with('.'), "{names:?}: {sentence}");
        }
    }
}
