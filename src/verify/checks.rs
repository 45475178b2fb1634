//! From what was seen of two images to verdicts.

use std::collections::BTreeSet;

use super::Intent;
use super::archive::Image;
use super::container::{Seen, State};
use super::files::{Differences, Sorted, gone_by_folder};
use super::report::{Check, Checked, Status};
use super::secrets::{Hidden, Needle};

/// Most lines below one check.
const DETAILS: usize = 20;

/// The user that containers run as.
pub(super) fn user(before: &Seen, after: &Seen, intent: Intent) -> Checked {
    let (Some(old), Some(new)) = (before.uid, after.uid) else {
        return Checked::new(Check::User, Status::NotComparable, "the user ids cannot be found out");
    };
    let process = match after.process {
        Some(process) if process != new => format!("; the program itself runs as {process}"),
        _ => String::new(),
    };
    let message =
        if old == new { format!("user id {new}") } else { format!("user id {old} → {new}") } + &process;
    let (status, why) = match (old, new) {
        (_, 0) if intent.user => (Status::Failed, ": still root, though a user was added"),
        (0, new) if new != 0 && !intent.user => (Status::Failed, ": no fix is about the user"),
        (old, new) if old != 0 && old != new => (Status::Failed, ": it was another user than root already"),
        _ => (Status::Passed, ""),
    };
    Checked::new(Check::User, status, message + why)
}

/// Whether a container starts, and what becomes of it.
pub(super) fn starts(before: &Seen, after: &Seen, seconds: u64, hidden: &Hidden) -> Checked {
    let words = |seen: &Seen| match &seen.state {
        State::Running => format!("runs after {seconds} s"),
        State::Ended(code) => format!("ends with exit code {code}"),
        State::NotStarted(why) => format!("does not start ({})", hidden.mask(why)),
    };
    let message = format!("{} → {}", words(before), words(after));
    let log = |seen: &Seen| seen.log.iter().map(|line| hidden.mask(line)).collect::<Vec<_>>();
    match (&before.state, &after.state) {
        (State::NotStarted(_), State::NotStarted(_)) => {
            Checked::new(Check::Starts, Status::Skipped, format!("before and after: {}", words(before)))
        }
        (State::NotStarted(_), _) => Checked::new(Check::Starts, Status::Noted, message),
        (old, new) if old == new => {
            let checked = Checked::new(Check::Starts, Status::Passed, words(after));
            let differ = matches!(new, State::Ended(_)) && before.log != after.log;
            checked.with(if differ {
                vec!["a hint: the last lines of output differ".to_owned()]
            } else {
                Vec::new()
            })
        }
        _ => Checked::new(Check::Starts, Status::Failed, message).with(log(after)),
    }
}

/// Whether what listened still listens.
pub(super) fn ports(before: &Seen, after: &Seen, exposed: &[u16]) -> Checked {
    let skipped = |why: &str| Checked::new(Check::Ports, Status::Skipped, why);
    if before.state != State::Running {
        return skipped("the container ends by itself");
    }
    if after.state != State::Running {
        return skipped("the new container does not run");
    }
    let (Some(old), Some(new)) = (&before.ports, &after.ports) else {
        return skipped("listening ports cannot be seen with this builder and image");
    };
    let list = |ports: &mut dyn Iterator<Item = u16>| {
        ports.map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
    };
    let gone = list(&mut old.difference(new).copied());
    if !gone.is_empty() {
        return Checked::new(Check::Ports, Status::Failed, format!("nobody listens any more on {gone}"));
    }
    let silent: BTreeSet<u16> = exposed.iter().copied().filter(|port| !old.contains(port)).collect();
    let silent = match list(&mut silent.into_iter()) {
        none if none.is_empty() => none,
        some => format!("; exposed, but without a listener before and after: {some}"),
    };
    if old.is_empty() {
        return skipped(&format!("nothing listens{silent}"));
    }
    Checked::new(
        Check::Ports,
        Status::Passed,
        format!("listening: {}{silent}", list(&mut old.iter().copied())),
    )
}

/// Whether what was a secret is in the new image.
pub(super) fn secrets(after: &Image, needles: &[Needle], hidden: &Hidden) -> Checked {
    if needles.is_empty() {
        return Checked::new(Check::Secrets, Status::Skipped, "no secret was taken out or given");
    }
    let found: Vec<(usize, &Vec<String>)> =
        after.found.iter().map(|(&index, places)| (index, places)).collect();
    if found.is_empty() {
        let message =
            format!("{} in neither configuration, history nor layers", count(needles.len(), "secret"));
        return Checked::new(Check::Secrets, Status::Passed, message);
    }
    let details = found.iter().flat_map(|(index, places)| {
        let label = needles.get(*index).map_or("a secret", |needle| needle.label.as_str());
        places.iter().map(move |place| format!("{label}: {}", hidden.mask(place)))
    });
    let message = format!("{} still in the image", count(found.len(), "secret"));
    Checked::new(Check::Secrets, Status::Failed, message).with(bounded(details.collect()))
}

/// Whether the new image has the files it has to have.
///
/// `copied` are destinations of COPY in the original, without a slash at the beginning.
pub(super) fn files(sorted: &Sorted, before: &Image, intent: Intent, copied: &[String]) -> Checked {
    let meant: Vec<String> =
        sorted.meant.iter().map(|(reason, number)| format!("{number} ({reason})")).collect();
    let meant = if meant.is_empty() {
        String::new()
    } else {
        format!("; meant or of no meaning: {}", meant.join(", "))
    };
    let total = count(before.files.len(), "path");
    if sorted.left.is_empty() {
        return Checked::new(Check::Files, Status::Passed, format!("{total} alike{meant}"));
    }
    let named = |differences: &Differences| -> Vec<String> {
        differences.iter().map(|(path, difference)| format!("/{path} {}", difference.words())).collect()
    };
    if !intent.split {
        let message = format!("{} differ{meant}", count(sorted.left.len(), "path"));
        return Checked::new(Check::Files, Status::Failed, message).with(bounded(named(&sorted.left)));
    }
    // Another base and fewer stages: what is gone is the aim. What people put there by hand is named.
    let gone = gone_by_folder(&sorted.left);
    let counts: Vec<String> = gone.iter().map(|(folder, number)| format!("/{folder} {number}")).collect();
    let workdir = before.config.working_dir.as_deref().unwrap_or_default().trim_matches('/');
    let own = |path: &str| {
        let inside = |folder: &str| {
            !folder.is_empty()
                && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        inside(workdir) || copied.iter().any(|folder| inside(folder))
    };
    let mine: Differences = sorted
        .left
        .iter()
        .filter(|(path, difference)| **difference == super::files::Difference::Gone && own(path))
        .map(|(path, difference)| (path.clone(), *difference))
        .collect();
    let other = sorted.left.len() - gone.values().sum::<usize>();
    let message = format!("gone with the split: {}; {other} new or changed{meant}", counts.join(", "));
    Checked::new(Check::Files, Status::Noted, message).with(bounded(named(&mine)))
}

/// Bytes of all layers.
pub(super) fn size(before: u64, after: u64) -> Checked {
    let bytes = |number: u64| {
        // Tenths of a megabyte, rounded.
        let tenths = number.saturating_add(50_000) / 100_000;
        format!("{}.{} MB", tenths / 10, tenths % 10)
    };
    let change = match after.cmp(&before) {
        std::cmp::Ordering::Less => "smaller",
        std::cmp::Ordering::Equal => "the same",
        std::cmp::Ordering::Greater => "bigger",
    };
    let message = format!("{} → {} ({before} → {after} bytes, {change})", bytes(before), bytes(after));
    Checked::new(Check::Size, Status::Noted, message)
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn bounded(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(DETAILS);
    if more > 0 {
        lines.truncate(DETAILS);
        lines.push(format!("and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(state: State, uid: u64, ports: &[u16]) -> Seen {
        let ports = Some(ports.iter().copied().collect());
        Seen { state, uid: Some(uid), process: None, ports, log: Vec::new() }
    }

    #[test]
    fn users() {
        let status = |old, new, added| {
            let intent = Intent { user: added, ..Intent::default() };
            user(&seen(State::Running, old, &[]), &seen(State::Running, new, &[]), intent).status
        };
        assert_eq!(status(0, 1000, true), Status::Passed);
        assert_eq!(status(0, 0, true), Status::Failed);
        assert_eq!(status(0, 0, false), Status::Passed);
        assert_eq!(status(0, 1000, false), Status::Failed);
        assert_eq!(status(999, 999, false), Status::Passed);
        assert_eq!(status(999, 1000, true), Status::Failed);
        assert_eq!(status(999, 0, false), Status::Failed);
    }

    #[test]
    fn ends() {
        let none = Hidden::default();
        let status = |old: &State, new: &State| {
            starts(&seen(old.clone(), 0, &[]), &seen(new.clone(), 0, &[]), 15, &none).status
        };
        let gone = State::NotStarted("no such program".into());
        assert_eq!(status(&State::Running, &State::Running), Status::Passed);
        assert_eq!(status(&State::Ended(3), &State::Ended(3)), Status::Passed);
        for (old, new) in [
            (State::Running, State::Ended(0)),
            (State::Ended(0), State::Ended(1)),
            (State::Ended(0), State::Running),
            (State::Running, gone.clone()),
        ] {
            assert_eq!(status(&old, &new), Status::Failed, "{old:?} {new:?}");
        }
        assert_eq!(status(&gone, &gone), Status::Skipped);
        assert_eq!(status(&gone, &State::Running), Status::Noted);
    }

    #[test]
    fn listeners() {
        let check = |old: &[u16], new: &[u16]| {
            ports(&seen(State::Running, 0, old), &seen(State::Running, 0, new), &[80, 443])
        };
        assert_eq!(check(&[80], &[80, 9000]).status, Status::Passed);
        assert_eq!(
            check(&[80], &[80]).message,
            "listening: 80; exposed, but without a listener before and after: 443"
        );
        assert_eq!(check(&[80, 443], &[80]).message, "nobody listens any more on 443");
        assert_eq!(check(&[80, 443], &[80]).status, Status::Failed);
        assert_eq!(check(&[], &[]).status, Status::Skipped);
    }

    #[test]
    fn sizes() {
        assert_eq!(
            size(120_050_000, 99_949_999).message,
            "120.1 MB → 99.9 MB (120050000 → 99949999 bytes, smaller)"
        );
        assert_eq!(size(1, 2).status, Status::Noted);
    }
}
