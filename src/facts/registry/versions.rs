//! Which tags to try first when looking for the version behind a floating tag.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::facts::tags::{Tag, best_version};

/// Tags whose digest is asked for at most.
pub(super) const MAX_PROBES: usize = 10;

/// The tags that may be the version behind `asked`, most plausible first, at most [`MAX_PROBES`].
///
/// Every tag is one [`best_version`] could choose. They are grouped by their next number (22, 24, 26 for `latest`;
/// 22.1, 22.2 for `22`); within a group the most specific and highest come first. The groups, highest first, are then
/// walked diagonally, because a channel may stay some lines behind the newest (`lts`) or not be the newest of its line.
pub(super) fn candidates<'t>(
    repository: &str,
    asked: &str,
    tags: impl IntoIterator<Item = &'t str>,
) -> Vec<&'t str> {
    let asked_tag = Tag::parse(asked);
    let depth = asked_tag.numbers().len();
    let mut groups: BTreeMap<_, Vec<(_, &str)>> = BTreeMap::new();
    for text in tags {
        if text == asked || best_version(repository, asked, [text]).is_none() {
            continue;
        }
        let tag = Tag::parse(text);
        let off = tag.variant() != asked_tag.variant();
        let kept = (off, tag.is_prerelease(), tag.is_calendar());
        let line = Reverse(tag.numbers().get(depth).copied());
        let rank = (kept, Reverse(tag.numbers().len()), Reverse(tag.numbers().to_vec()), tag.text().len());
        groups.entry((tag.is_prerelease(), tag.is_calendar(), line)).or_default().push((rank, text));
    }
    let mut walk = Vec::new();
    for (column, (_, mut group)) in groups.into_iter().enumerate().take(MAX_PROBES) {
        group.sort_unstable();
        group.dedup_by(|a, b| a.1 == b.1);
        walk.extend(
            group.into_iter().take(MAX_PROBES).enumerate().map(|(row, (_, text))| (row + column, row, text)),
        );
    }
    walk.sort_by_key(|(sum, row, _)| (*sum, *row));
    walk.into_iter().take(MAX_PROBES).map(|(_, _, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: [&str; 16] = [
        "latest",
        "lts",
        "26",
        "26.5",
        "26.5.0",
        "26.4.0",
        "26.5.0-alpine",
        "26.5.0-slim",
        "24",
        "24.19.0",
        "24.18.0",
        "22",
        "22.23.3",
        "current",
        "27.0.0-rc.1",
        "1a2b3c4",
    ];

    #[test]
    fn the_newest_version_of_the_newest_line_comes_first() {
        let found = candidates("docker.io/library/node", "latest", NODE);
        assert_eq!(found[0], "26.5.0");
        assert!(found[..3].contains(&"24.19.0"), "a channel may be a line behind: {found:?}");
        assert!(!found.contains(&"1a2b3c4") && !found.contains(&"lts"), "{found:?}");
        assert_eq!(candidates("docker.io/library/node", "slim", NODE), ["26.5.0-slim"]);
        assert_eq!(candidates("docker.io/library/node", "24", NODE), ["24.19.0", "24.18.0"]);
    }

    #[test]
    fn a_long_term_release_is_found_within_the_bound() {
        let tags: Vec<_> = (10..=26)
            .flat_map(|year| [format!("{year}.04"), format!("{year}.10")])
            .chain(["latest".to_owned()])
            .collect();
        let found = candidates("docker.io/library/ubuntu", "latest", tags.iter().map(String::as_str));
        assert_eq!(found.len(), MAX_PROBES);
        assert!(found.contains(&"24.04"), "{found:?}");
    }

    #[test]
    fn the_order_of_the_tags_does_not_matter() {
        let forward = candidates("docker.io/library/node", "latest", NODE);
        let backward = candidates("docker.io/library/node", "latest", NODE.into_iter().rev());
        assert_eq!(forward, backward);
    }

    #[test]
    fn a_hundred_thousand_tags_are_sorted_quickly() {
        let tags: Vec<_> = (0..100_000).map(|n| format!("{}.{}.{}", n % 50, n % 70, n)).collect();
        let start = std::time::Instant::now();
        assert_eq!(candidates("docker.io/x/y", "latest", tags.iter().map(String::as_str)).len(), MAX_PROBES);
        assert!(start.elapsed().as_secs() < 5);
    }
}
