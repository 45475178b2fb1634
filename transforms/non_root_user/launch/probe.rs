//! Looks at the last stage of a Dockerfile over a build context in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harden_core::syntax::{Digest, Reference, Span};
use harden_core::{
    Answer, BuildSetup, Context, ContextEntry, ContextListing, ContextSource, EntryKind, Facts, Finding,
    ImageConfig, Level, ListedEntry, ListedKind, Meta, NoFacts, Place, Policy, ResolvedImage, Scopes,
    Service, ServiceKind, ServiceSetting, Transform, Why, rewrite,
};

use crate::non_root_user::base::BaseView;
use crate::non_root_user::launch::{self, Launched, Weight};
use crate::non_root_user::risk::{Effect, Risk};
use crate::non_root_user::view::View;
use crate::non_root_user::{programs, state};

/// What a test looks at.
#[derive(Clone, Default)]
pub(crate) struct World {
    files: BTreeMap<String, String>,
    config: Option<ImageConfig>,
    setup: BuildSetup,
    no_context: bool,
}

impl World {
    /// A build context and a base image without command and entrypoint.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files, config: Some(ImageConfig::default()), ..Self::default() }
    }

    /// The base image has these.
    pub(crate) fn with_base(mut self, entrypoint: &[&str], command: &[&str]) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let config =
            ImageConfig { entrypoint: words(entrypoint), cmd: words(command), ..ImageConfig::default() };
        self.config = Some(config);
        self
    }

    /// There is no build context.
    pub(crate) fn without_context() -> Self {
        Self { no_context: true, ..Self::new(&[]) }
    }

    /// Nobody knows the base image.
    pub(crate) fn without_base(mut self) -> Self {
        self.config = None;
        self
    }

    /// A service of a compose file, on line 7.
    pub(crate) fn with_service(mut self, kinds: Vec<ServiceKind>) -> Self {
        let setting = |kind| ServiceSetting { file: "compose.yaml".to_owned(), line: Some(7), kind };
        let settings = kinds.into_iter().map(setting).collect();
        let (file, name) = ("compose.yaml".to_owned(), "web".to_owned());
        self.setup.services.push(Service { file, name, target: None, settings, incomplete: false });
        self
    }

    /// What `read` makes of the last stage.
    pub(crate) fn look(
        &self,
        text: &str,
        read: impl Fn(&View<'_, '_>, &Launched) -> Vec<String> + Sync,
    ) -> Vec<String> {
        let probe = Probe { read: &read, found: Mutex::default() };
        rewrite(text, &[&probe], &self.setup, self, &Policy::at(Level::Safe)).expect("a valid Dockerfile");
        probe.found.into_inner().expect("no panic")
    }

    /// `stop changes-owners entry.sh:3` for each hazard of the commands.
    pub(crate) fn risks(&self, text: &str) -> Vec<String> {
        self.look(text, |view, launched| shown(text, programs::risks(view, launched)))
    }

    /// The same for hazards of state.
    pub(crate) fn state_risks(&self, text: &str) -> Vec<String> {
        self.look(text, |view, launched| shown(text, state::risks(view, launched)))
    }

    /// The commands, and what runs them.
    pub(crate) fn commands(&self, text: &str) -> Vec<String> {
        self.look(text, |_, launched| {
            let started = launched.commands.iter().filter(|started| !started.command.words.is_empty());
            started
                .map(|started| {
                    let words: Vec<&str> =
                        started.command.words.iter().map(|word| word.text.as_str()).collect();
                    let guard = if started.weight == Weight::RootOnly { " (root)" } else { "" };
                    format!("{}: {}{guard}", place(text, started.place.as_ref()), words.join(" "))
                })
                .collect()
        })
    }

    /// What could not be read.
    pub(crate) fn unread(&self, text: &str) -> Vec<String> {
        self.look(text, |_, launched| launched.unread.iter().map(|one| one.name.clone()).collect())
    }

    /// Paths of state directories.
    pub(crate) fn state(&self, text: &str) -> Vec<String> {
        self.look(text, |view, launched| {
            state::state_directories(view, launched).into_iter().map(|one| one.path).collect()
        })
    }
}

fn shown(text: &str, risks: Vec<Risk>) -> Vec<String> {
    let one = |risk: Risk| {
        let effect = if risk.effect == Effect::Stop { "stop" } else { "lower" };
        format!("{effect} {} {}", risk.hazard.id, place(text, risk.hazard.place.as_ref()))
    };
    risks.into_iter().map(one).collect()
}

fn place(text: &str, place: Option<&Place>) -> String {
    match place {
        None => "base".to_owned(),
        Some(Place::Here(span)) => format!("Dockerfile:{}", line(text, *span)),
        Some(Place::File { name, line }) => format!("{name}:{}", line.unwrap_or(0)),
    }
}

fn line(text: &str, span: Span) -> usize {
    text[..span.start as usize].matches('\n').count() + 1
}

type Read<'r> = &'r (dyn Fn(&View<'_, '_>, &Launched) -> Vec<String> + Sync);

struct Probe<'r> {
    read: Read<'r>,
    found: Mutex<Vec<String>>,
}

static META: Meta = Meta { name: "probe", summary: "looks", worst: Level::Suggest, doc: "", findings: &[] };

impl Transform for Probe<'_> {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let scopes = Scopes::new(ctx.build, ctx.setup);
        let stage = ctx.build.stages.len() - 1;
        let end = scopes.end(stage).expect("a stage");
        let (chain, _) = ctx.build.chain(stage);
        let base = BaseView::read(ctx, &scopes, &chain).expect("an answer");
        let view = View::new(ctx, &scopes, stage, chain, end, base);
        let launched = launch::executed(&view);
        *self.found.lock().expect("no panic") = (self.read)(&view, &launched);
        Vec::new()
    }
}

impl Facts for World {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        NoFacts::default().index_digest(image)
    }
    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        NoFacts::default().version_tag(image, digest)
    }
    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        match &self.config {
            Some(config) => Answer::Known(Arc::new(config.clone())),
            None => NoFacts::default().image_config(image),
        }
    }
    fn context_source(&self, source: &str) -> Answer<ContextSource> {
        if self.no_context {
            return NoFacts::default().context_source(source);
        }
        let source = source.trim_start_matches("./").trim_matches('/');
        let mut entries = Vec::new();
        if source.is_empty() || source == "." {
            entries.push(ContextEntry { path: ".".to_owned(), kind: EntryKind::Directory });
        } else if self.files.contains_key(source) {
            entries.push(ContextEntry { path: source.to_owned(), kind: EntryKind::PlainFile });
        } else if self.files.keys().any(|path| path.starts_with(&format!("{source}/"))) {
            entries.push(ContextEntry { path: source.to_owned(), kind: EntryKind::Directory });
        } else if let Some((before, after)) = source.split_once('*') {
            let files = self.files.keys().filter(|path| {
                path.starts_with(before) && path.ends_with(after) && !path[before.len()..].contains('/')
            });
            entries.extend(files.map(|path| ContextEntry { path: path.clone(), kind: EntryKind::PlainFile }));
        }
        Answer::Known(ContextSource { entries, ..ContextSource::default() })
    }
    fn context_listing(&self, folder: &str) -> Answer<Arc<ContextListing>> {
        if self.no_context {
            return NoFacts::default().context_listing(folder);
        }
        let folder = folder.trim_start_matches("./").trim_matches('/').trim_matches('.');
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut entries = BTreeMap::new();
        for path in self.files.keys().filter(|path| path.starts_with(&start)) {
            entries.insert(path.clone(), ListedKind::File);
            let mut above = path.as_str();
            while let Some((folder, _)) =
                above.rsplit_once('/').filter(|(folder, _)| folder.len() > start.len())
            {
                entries.insert(folder.to_owned(), ListedKind::Directory);
                above = folder;
            }
        }
        let entries = entries.into_iter().map(|(path, kind)| ListedEntry { path, kind, mode: None });
        Answer::Known(Arc::new(ContextListing { entries: entries.collect(), complete: true, guessed: false }))
    }
    fn context_text(&self, path: &str) -> Answer<Arc<str>> {
        match self.files.get(path.trim_start_matches("./")) {
            Some(text) if text.starts_with("\u{7f}ELF") => {
                Answer::Unknown(Why::new("not-utf8", "it is not UTF-8 text"))
            }
            Some(text) => Answer::Known(Arc::from(text.as_str())),
            None => Answer::Unknown(Why::new("not-found", "it is not in the build context")),
        }
    }
}
