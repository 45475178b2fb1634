//! `harden resolve`: facts for many Dockerfiles into one file.

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dockerfile_syntax::{Digest, Reference};
use harden_core::{Answer, ImageConfig, ImageFiles, ResolvedImage};

use super::prepare::{Prepared, Rules, prepare};
use super::printer::{Network, is_error};
use super::render::{plain_error, plain_warning};
use super::source::{Source, Stdin};
use super::{ERROR, OK, UNREACHED, find, pool};
use crate::cli::ResolveArgs;
use crate::config::{StageChoice, UserChoice};
use crate::facts::images::{ImageFacts, Knowledge};
use crate::lookup;
use crate::output::Sink;
use crate::registries::Registries;

/// Looks up everything the transforms ask for and writes the facts, with the reasons for those that are missing.
pub(super) fn resolve(args: &ResolveArgs, out: &mut Sink<'_>, err: &mut Sink<'_>) -> io::Result<u8> {
    let Prepared { configs, facts, mut registries } = match prepare(&args.input, true) {
        Ok(prepared) => prepared,
        Err(message) => {
            err.put(&plain_error(args.input.color, &message))?;
            return Ok(ERROR);
        }
    };
    let Some(pool) = pool(&args.input) else {
        err.put(&plain_error(args.input.color, "no threads can be started"))?;
        return Ok(ERROR);
    };
    let found = find(&args.input);
    for problem in &found.problems {
        let line = if is_error(problem, &found) { plain_error } else { plain_warning };
        err.put(&line(args.input.color, &problem.to_string()))?;
    }
    let stdin = Stdin::default();
    let sources: Vec<_> =
        found.candidates.iter().map(|candidate| Source { candidate, stdin: &stdin }).collect();
    let rules = Rules {
        transforms: harden_transforms::all().to_vec(),
        level: None,
        user: UserChoice::default(),
        stages: StageChoice::default(),
        notes: None,
        configs: &configs,
    };
    let inspects = args.input.registry.inspect;
    let mut known = Knowledge::new(facts).inspecting(inspects);
    if let Some(registries) = &mut registries {
        // A file whose handling panics has no facts; a rewrite tells.
        let read = |source: &Source<'_>, images: &dyn ImageFacts| {
            let all = Everything(images);
            let images = if inspects { &all } else { images };
            let _ = catch_unwind(AssertUnwindSafe(|| rules.ask(source, images)));
        };
        let mut answer = |questions: &_| registries.answer(questions);
        pool.install(|| lookup::settle(&sources, &mut known, &read, &mut answer));
    }
    let network = registries.map(Registries::finish).map(Network::from).unwrap_or_default();
    for line in network.lines() {
        err.put(&plain_warning(args.input.color, line))?;
    }
    // Given facts may hold what registries say of images, as they say it.
    let mut facts = known.facts().clone();
    facts.mask_secrets();
    let json = facts.to_json();
    match &args.output {
        None => out.put(&json)?,
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let written = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| ".".as_ref()))
                .and_then(|mut file| file.write_all(json.as_bytes()).map(|()| file))
                .and_then(|file| file.persist(path).map_err(|error| error.error));
            if let Err(error) = written {
                let message = format!("cannot write {}: {error}", path.display());
                err.put(&plain_error(args.input.color, &message))?;
                return Ok(ERROR);
            }
        }
    }
    let failed = found.candidates.is_empty() || found.problems.iter().any(|problem| problem.kind.is_error());
    Ok(match (failed, network.trouble()) {
        (true, _) => ERROR,
        (false, true) => UNREACHED,
        (false, false) => OK,
    })
}

/// Asks also for the configuration and the files of every image that was resolved, whether or not a transform of today
/// needs them.
struct Everything<'a>(&'a dyn ImageFacts);

impl ImageFacts for Everything<'_> {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        let answer = self.0.index_digest(image);
        if matches!(answer, Answer::Known(_)) {
            // Asking is enough: the answers are in the facts.
            let _ = (self.0.image_config(image), self.0.image_files(image));
        }
        answer
    }

    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        self.0.version_tag(image, digest)
    }

    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        self.0.image_config(image)
    }

    fn image_files(&self, image: &Reference) -> Answer<Arc<ImageFiles>> {
        self.0.image_files(image)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use harden_core::Question;

    use super::*;
    use crate::facts::file::RecordedFacts;

    #[test]
    fn every_image_that_resolves_is_inspected_and_no_other() {
        let read = |name: &&str, images: &dyn ImageFacts| {
            if let Ok(image) = Reference::parse(name) {
                let _ = Everything(images).index_digest(&image);
            }
        };
        let mut rounds: Vec<BTreeSet<Question>> = Vec::new();
        let mut answer = |questions: &BTreeSet<Question>| {
            rounds.push(questions.clone());
            let mut facts = RecordedFacts::empty();
            if let Some(Question::IndexDigest(image)) = questions.first()
                && let Ok(digest) = Digest::parse(&format!("sha256:{}", "a".repeat(64)))
            {
                let found = ResolvedImage { digest, is_index: true, platforms: Vec::new() };
                facts.insert_resolved(image, Ok(found));
            }
            (facts, BTreeMap::new())
        };
        let mut known = Knowledge::default().inspecting(true);
        lookup::settle(&["app:1", "gone:1"], &mut known, &read, &mut answer);
        let image = |name| Reference::parse(name).unwrap();
        let of = |name| [Question::ImageConfig(image(name)), Question::ImageFiles(image(name))];
        let resolve = ["app:1", "gone:1"].map(|name| Question::IndexDigest(image(name)));
        assert_eq!(rounds, [BTreeSet::from(resolve), BTreeSet::from(of("app:1"))]);

        rounds.clear();
        let mut answer = |questions: &BTreeSet<Question>| {
            rounds.push(questions.clone());
            (RecordedFacts::empty(), BTreeMap::new())
        };
        let mut known = Knowledge::new(known.facts().clone());
        lookup::settle(&["app:1"], &mut known, &read, &mut answer);
        let [config, _] = of("app:1");
        assert_eq!(rounds, [BTreeSet::from([config])], "layers are read on request only");
    }
}
