//! `/etc/passwd` and `/etc/group` that COPY or ADD bring.

use harden_core::syntax::Keyword;
use harden_core::{EntryKind, Missing};

use super::entries::Entries;
use super::reader::{self, MAX_DEPTH, Reader};
use super::{Account, Rest};
use crate::non_root_user::runs::{Step, is_below};
use crate::support::image_paths::{CopyKind, CopySource};

/// Whether a destination can hold either file.
fn is_near(destination: &str) -> bool {
    is_below("/etc/passwd", destination) || is_below("/etc/group", destination)
}

/// Takes the users a COPY or ADD brings.
pub(super) fn read<'a>(reader: &mut Reader<'_, 'a>, step: &Step<'_, 'a>) {
    let span = step.instruction.span();
    let Some(copy) = step.instruction.copy() else { return };
    // Most copies go elsewhere, and looking closer costs.
    let text = &copy.destination.text;
    if !(text.contains("etc") || text.contains('$') || matches!(&**text, "/" | "." | "./" | "//" | "/.")) {
        return;
    }
    let found = reader.paths().copied().find(|one| one.instruction.span() == span).cloned();
    let Some(copied) = found else { return };
    let Ok(destination) = &copied.destination else { return };
    if !is_near(destination) {
        return;
    }
    for source in &copied.sources {
        for file in ["passwd", "group"] {
            bring(reader, step, destination, source, file);
        }
    }
}

/// The path of `/etc/<file>` below a source, if the source brings it.
fn path_in_source(destination: &str, source: &str, file: &str) -> Option<Vec<String>> {
    let wanted = format!("/etc/{file}");
    let base = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
    let folder = source.trim_end_matches('/');
    let joined = |rest: &str| format!("{folder}/{rest}");
    if destination == wanted {
        return Some(vec![source.to_owned()]);
    }
    if destination == "/etc" {
        return Some(if base == file { vec![source.to_owned()] } else { vec![joined(file)] });
    }
    // The root folder: the source is a folder with `etc` in it.
    (destination == "/").then(|| vec![joined(&format!("etc/{file}"))])
}

fn bring<'a>(
    reader: &mut Reader<'_, 'a>,
    step: &Step<'_, 'a>,
    destination: &str,
    source: &CopySource,
    file: &str,
) {
    let span = step.instruction.span();
    let Some(paths) = path_in_source(destination, &source.text, file) else { return };
    let direct = destination == format!("/etc/{file}") || source.text.trim_end_matches('/').ends_with(file);
    match &source.kind {
        CopyKind::Heredoc { name, body, .. } => {
            if direct || name == file {
                let entries = Entries::read(reader.ctx.file().slice(*body), None);
                replace(reader, file, Rest::Nowhere);
                reader.add_entries(step, span, false, &entries);
            }
        }
        CopyKind::Context => {
            if is_archive(reader, step, &source.text) {
                overlaid(reader);
                reader.gap(span, format!("the archive {}, which may hold users", source.text));
                return;
            }
            for path in paths.iter().filter(|path| !path.contains(['*', '?', '['])) {
                match reader.ctx.context_text(path.trim_start_matches('/')) {
                    Ok(text) => {
                        let entries = Entries::read(&text, None);
                        replace(reader, file, Rest::Nowhere);
                        reader.add_entries(step, span, false, &entries);
                    }
                    Err(Missing::Unknown(why)) if direct => {
                        replace(reader, file, Rest::Unknown);
                        reader.gap(span, format!("{path}, which cannot be read: {why}"));
                    }
                    Err(_) => {}
                }
            }
        }
        CopyKind::Stage(index) => from_stage(reader, step, *index, &paths, file, direct),
        CopyKind::Image(image) => {
            if direct {
                replace(reader, file, Rest::Image(image.clone()));
                reader.gap(span, format!("the users of {image}"));
            } else if source.text.trim_matches('/').is_empty() {
                // It may have none.
                overlaid(reader);
                reader.gap(span, format!("the files of {image}, which may hold users"));
            }
        }
        CopyKind::Remote | CopyKind::Repository | CopyKind::Unknown(_) => {
            if direct || destination == "/etc" {
                reader.gap(span, format!("files that may hold /etc/{file}"));
            }
        }
    }
}

/// Whether ADD extracts a source, or may.
fn is_archive(reader: &Reader<'_, '_>, step: &Step<'_, '_>, source: &str) -> bool {
    if step.instruction.keyword() != Keyword::Add {
        return false;
    }
    let entries = reader.ctx.context_source(source).map(|found| found.entries).unwrap_or_default();
    let named = [".tar", ".tgz", ".txz", ".tbz"].iter().any(|end| source.contains(end));
    entries.iter().any(|entry| matches!(entry.kind, EntryKind::Archive { .. } | EntryKind::Unclassified(_)))
        || (entries.is_empty() && named)
}

/// Another file system is laid over this one: what is known may be replaced.
fn overlaid(reader: &mut Reader<'_, '_>) {
    reader.found.rest = Rest::Unknown;
    for user in &mut reader.found.users {
        user.conditional = true;
    }
}

/// What a file that is replaced held before no longer counts.
fn replace(reader: &mut Reader<'_, '_>, file: &str, rest: Rest) {
    if file == "passwd" {
        reader.found.users.clear();
        reader.found.rest = rest;
    } else {
        reader.found.groups.clear();
    }
}

fn from_stage<'a>(
    reader: &mut Reader<'_, 'a>,
    step: &Step<'_, 'a>,
    index: usize,
    paths: &[String],
    file: &str,
    direct: bool,
) {
    let span = step.instruction.span();
    let (chain, scratch) = reader.ctx.build.chain(index);
    if reader.depth >= MAX_DEPTH || index >= step.stage {
        reader.gap(span, "the users of another stage".to_owned());
        return;
    }
    let (accounts, written) = reader::read_with_files(reader.ctx, reader.scopes, &chain, reader.depth + 1);
    let Some(path) = paths.first().map(|path| crate::non_root_user::runs::clean(path)) else { return };
    // A copy of a whole file system that has no such file leaves what is here.
    let empty = scratch && accounts.users.is_empty() && accounts.complete() && *accounts.rest() == Rest::Base;
    if empty && !direct {
        return;
    }
    if path == format!("/etc/{file}") {
        let base = if scratch { Rest::Nowhere } else { Rest::Stage(index) };
        let rest = if *accounts.rest() == Rest::Base { base } else { accounts.rest().clone() };
        replace(reader, file, rest);
        reader.found.gaps.extend(accounts.gaps.iter().cloned());
        if file == "passwd" {
            let here = accounts.users.into_iter().map(|user| Account { home_made: Some(false), ..user });
            here.for_each(|user| reader.push_user(user));
        } else {
            reader.found.groups = accounts.groups;
        }
    } else if let Some(entries) = written.get(&path) {
        replace(reader, file, Rest::Nowhere);
        reader.add_entries(step, span, false, entries);
    } else if direct {
        replace(reader, file, Rest::Unknown);
        reader.gap(span, format!("{path} of another stage"));
    } else if path == format!("//etc/{file}")
        || written.keys().any(|known| is_below(known, path.trim_end_matches(file)))
    {
        reader.gap(span, "files of another stage".to_owned());
    }
}
