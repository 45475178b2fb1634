//! Sources in stages and images.

use super::chain::Bottom;
use super::find::{Certainty, Look};
use super::paths::{self, below, join, name};
use super::{By, Copied, ImagePaths, Origin, Target};

impl<'a> ImagePaths<'_, 'a> {
    /// A source in a stage.
    pub(super) fn in_stage(
        &self,
        copied: &Copied<'a>,
        destination: &str,
        stage: usize,
        source: &str,
        path: &str,
        depth: u32,
    ) -> Look<'a> {
        let (certainty, mut at) = elsewhere(copied, destination, source, path);
        let Some(mut certainty) = certainty else { return Look::No };
        let mut found = self.look(stage, &at, None, depth + 1);
        // A file, or a folder with a file of its own name inside.
        if let Some(inside) = alternative(copied, destination, source, path)
            && let Look::No | Look::Sure(Origin::Base | Origin::Context { folder: true, .. }) = found
        {
            let is_folder = matches!(found, Look::Sure(Origin::Context { .. }));
            match self.look(stage, &inside, None, depth + 1) {
                Look::No | Look::Sure(Origin::Base) if !is_folder => {}
                other => {
                    found = other;
                    at = inside;
                    certainty = Certainty::Perhaps;
                }
            }
        }
        let adopt = |mut origin: Origin<'a>| {
            if let Some(by) = origin.by_mut() {
                let inner = by.clone();
                *by = By::of(copied);
                by.mode = by.mode.take().or(inner.mode);
                by.certain = inner.certain;
                by.argument = by.argument.take().or(inner.argument);
            }
            // What a RUN wrote there was made in that stage.
            match origin {
                Origin::Written { body: None, by } => Origin::Built { stage, path: at.clone(), by },
                other => other,
            }
        };
        match found {
            Look::Sure(Origin::Base) => Look::No,
            // A file goes into the folder that is asked about.
            Look::Sure(
                Origin::Context { folder: false, .. } | Origin::Heredoc { .. } | Origin::Remote { .. },
            ) if copied.target == Target::Folder && below(destination, path) == Some("") => Look::No,
            Look::Sure(origin) => Look::Sure(adopt(origin)),
            Look::Perhaps(origin) => Look::perhaps(adopt(origin)),
            Look::No => {
                let Some(chain) = self.chain(stage) else { return Look::No };
                let by = By::of(copied);
                let origin = match (&chain.bottom, chain.runs) {
                    (Bottom::Scratch, false) => return Look::No,
                    (Bottom::Image(image), false) => Origin::Image { image: image.clone(), path: at, by },
                    _ => Origin::Built { stage, path: at, by },
                };
                if certainty == Certainty::Sure { Look::Sure(origin) } else { Look::perhaps(origin) }
            }
        }
    }
}

/// Where `path` lies in the stage or image a source is copied from, and how sure it is that it is there.
pub(super) fn elsewhere(
    copied: &Copied<'_>,
    destination: &str,
    source: &str,
    path: &str,
) -> (Option<Certainty>, String) {
    let source = paths::resolve("/", source);
    let last = name(&source);
    let Some(inside) = below(destination, path) else { return (None, String::new()) };
    if copied.parents {
        let at = paths::resolve("/", inside);
        let part = below(&source, &at).is_some() || paths::is_pattern(&source);
        return (part.then_some(Certainty::Perhaps), at);
    }
    if paths::is_pattern(&source) {
        // Matches are files that go into the destination, or folders whose content does.
        return match inside {
            "" if copied.target == Target::Folder => (Some(Certainty::Perhaps), source),
            "" => (Some(Certainty::Sure), source),
            _ if !inside.contains('/') && paths::matches(last, inside) != Some(false) => {
                (Some(Certainty::Perhaps), join(paths::parent(&source), inside))
            }
            _ => (Some(Certainty::Perhaps), join(&source, inside)),
        };
    }
    match inside {
        // A file would go into the folder.
        "" if copied.target == Target::Folder => (Some(Certainty::Perhaps), source),
        "" => (Some(Certainty::Sure), source),
        // As a file in a folder, unless the source is a folder.
        _ if inside == last && !source.is_empty() => match copied.target {
            Target::Folder => (Some(Certainty::Sure), source),
            Target::Either => (Some(Certainty::Perhaps), source),
        },
        _ => (Some(Certainty::Perhaps), join(&source, inside)),
    }
}

/// For a path that is the source as a file: what it is when the source is a folder.
fn alternative(copied: &Copied<'_>, destination: &str, source: &str, path: &str) -> Option<String> {
    let source = paths::resolve("/", source);
    let inside = below(destination, path)?;
    let is_named = !copied.parents && inside == name(&source) && !inside.is_empty();
    is_named.then(|| join(&source, inside))
}
