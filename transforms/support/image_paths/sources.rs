//! Reads one COPY or ADD.

use harden_core::Source;
use harden_core::Why;
use harden_core::syntax::{Instruction, Keyword};

use super::chain::Here;
use super::{Copied, CopyKind, CopySource, Target};
use crate::support::remote_source;

/// What a COPY or ADD copies, and where to. `None` when it is malformed.
pub(super) fn copied<'a>(here: &Here<'_, 'a>, instruction: Instruction<'a>) -> Option<Copied<'a>> {
    let copy = instruction.copy()?;
    let mut arguments = Vec::new();
    let mut heredocs = instruction.heredocs();
    let mut sources = Vec::with_capacity(copy.sources.len());
    for source in &copy.sources {
        if source.is_heredoc()
            && let Some(heredoc) = heredocs.next()
        {
            let kind = CopyKind::Heredoc {
                name: heredoc.name().to_owned(),
                body: heredoc.body(),
                expands: heredoc.expands(),
            };
            sources.push(CopySource { text: source.text.clone().into_owned(), kind });
            continue;
        }
        sources.push(match here.expand(&source.text) {
            Ok(expanded) => {
                arguments.extend(expanded.arguments);
                CopySource { kind: kind(here, instruction, &expanded.text), text: expanded.text }
            }
            Err(why) => CopySource { text: source.text.clone().into_owned(), kind: CopyKind::Unknown(why) },
        });
    }
    let (destination, target) = match here.expand(&copy.destination.text) {
        Ok(written) => {
            let text = written.text;
            arguments.extend_from_slice(here.workdir_arguments(&text));
            arguments.extend(written.arguments);
            let destination = here.absolute(&text);
            let into = sources.len() > 1
                || matches!(text.as_str(), "" | ".")
                || text.ends_with('/')
                || text.ends_with("/.")
                || destination.as_ref().is_ok_and(|path| here.is_folder(path));
            (destination, if into { Target::Folder } else { Target::Either })
        }
        Err(why) => (Err(why), Target::Either),
    };
    let value = |name: &str| {
        let written = instruction.flag(name)?.value()?;
        Some(here.expand(written).map_or_else(|_| written.to_owned(), |expanded| expanded.text))
    };
    let is_set = |name: &str| {
        instruction
            .flag(name)
            .is_some_and(|flag| !flag.value().is_some_and(|value| value.eq_ignore_ascii_case("false")))
    };
    arguments.dedup();
    Some(Copied {
        instruction,
        stage: here.stage,
        destination,
        target,
        sources,
        makes: Vec::new(),
        owner: value("chown"),
        mode: value("chmod"),
        arguments,
        parents: is_set("parents"),
        excludes: instruction
            .flags()
            .filter(|flag| flag.name() == "exclude")
            .filter_map(|flag| flag.value().map(str::to_owned))
            .collect(),
    })
}

fn kind(here: &Here<'_, '_>, instruction: Instruction<'_>, source: &str) -> CopyKind {
    if instruction.keyword() == Keyword::Add {
        return match remote_source::look(source) {
            Some(("add-git", _)) => CopyKind::Repository,
            Some(_) => CopyKind::Remote,
            None => CopyKind::Context,
        };
    }
    match here.from.get(&instruction.span().start) {
        None => CopyKind::Context,
        Some(Source::Stage(stage)) => CopyKind::Stage(*stage),
        Some(Source::Image(image)) => CopyKind::Image(image.clone()),
        Some(Source::Context) => {
            CopyKind::Unknown(Why::new("named-context", "it comes from an additional build context"))
        }
        Some(Source::Scratch) => CopyKind::Unknown(Why::new("scratch", "there is nothing in scratch")),
        Some(Source::Unknown(why)) => CopyKind::Unknown(why.clone()),
    }
}
