//! Where the project and its programs are, and where the builder ends.

use std::collections::BTreeSet;

use harden_core::image_path;
use harden_core::syntax::Keyword;

use super::super::calls::Called;
use super::super::programs::{self, Kind, Program};
use super::super::project::is_below;
use super::Reader;
use crate::multi_stage::effects::{self, Effect};

impl Reader<'_, '_, '_> {
    /// The programs of a folder that holds other things as well: those that are started.
    pub(super) fn named(&self, folder: &Program, calls: &[&Called]) -> Vec<Program> {
        let from_context = |path: &str| self.view.files().is_ok_and(|files| files.all.contains_key(path));
        let path = |one: &&&Called| {
            if one.bare { image_path::resolve(&folder.path, &one.path) } else { one.path.clone() }
        };
        let paths: BTreeSet<String> =
            calls.iter().map(|one| path(&one)).filter(|one| !from_context(one)).collect();
        paths.into_iter().map(|path| Program { path, kind: Kind::File, ..folder.clone() }).collect()
    }

    /// Folders that hold the project: where builds run, and where code is copied to.
    pub(super) fn roots(&mut self) -> BTreeSet<String> {
        let mut roots = BTreeSet::new();
        for build in &self.builds {
            if build.packages.iter().all(|one| one.contains('@')) {
                continue;
            }
            if let Some(module) = self.modules.of(self.view, &build.folder) {
                self.has_dependencies |= module.requires;
                roots.insert(module.root);
            } else {
                self.has_dependencies = true;
                let direct = |folder: &str| {
                    let files = self.view.files();
                    !files.is_ok_and(|files| files.below(folder).all(|(path, _)| path.contains('/')))
                };
                // In GOPATH builds run anywhere, and packages have their folders.
                if direct(&build.folder) {
                    roots.insert(build.folder.clone());
                }
            }
        }
        if let Ok(files) = self.view.files() {
            let has_code = |folder: &str| files.below(folder).any(|(path, _)| programs::is_file(path));
            for copied in self.view.run.paths.copied() {
                if let Ok(destination) = &copied.destination
                    && !roots.iter().any(|root| is_below(root, destination))
                    && destination != "/"
                    && has_code(destination)
                {
                    roots.insert(destination.clone());
                }
            }
        }
        if roots.is_empty() {
            roots.extend(self.builds.iter().map(|build| build.folder.clone()).take(1));
        }
        roots
    }

    /// Steps behind the build that only clean up belong to the builder.
    pub(super) fn cleaning(&mut self) {
        for step in self.view.steps.iter().skip(self.last + 1) {
            match step.instruction.keyword() {
                Keyword::Copy | Keyword::Add | Keyword::User => return,
                Keyword::Run if step.is_read && !step.ran.is_empty() => {
                    let cleans = |effect: &Effect| {
                        matches!(effect, Effect::Removes(_) | Effect::Unpackages(_) | Effect::Refresh)
                    };
                    let all = |ran| effects::of(self.view, ran).iter().all(cleans);
                    if !step.ran.iter().all(|ran| self.explained.contains(&ran.at) || all(ran)) {
                        return;
                    }
                    self.last = step.index;
                }
                _ => {}
            }
        }
    }

    /// Whether what the runtime stage gets holds one of these words: what is started, and steps that are not RUN.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        let has = |text: &str| words.iter().any(|word| text.contains(word));
        let commands = self.view.launched.commands.iter();
        let mut started = commands.flat_map(|one| &one.command.words);
        let mut steps = self.view.steps.iter().filter(|step| match step.instruction.keyword() {
            Keyword::Entrypoint | Keyword::Cmd | Keyword::Healthcheck | Keyword::Label | Keyword::Volume => {
                true
            }
            Keyword::Env => false,
            _ => step.index > self.last,
        });
        started.any(|word| has(&word.text)) || steps.any(|step| has(step.instruction.joined()))
    }
}
