//! Everything that is done with one case.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use harden::facts::file::RecordedFacts;
use harden_core::Level;

use crate::docker::{Build, Docker};
use crate::leak;
use crate::rewrite::{self, With};
use crate::spec::{Case, LevelName, Place, Values};
use crate::ssh::Ssh;

/// What all cases share.
pub(crate) struct World<'a> {
    pub(crate) docker: &'a Docker,
    /// What stands for the images of the Dockerfiles.
    pub(crate) images: &'a [(String, String)],
    pub(crate) facts: &'a RecordedFacts,
    pub(crate) ssh: Option<&'a Ssh>,
}

/// What became of a case.
#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) problems: Vec<String>,
    /// The secrets.
    pub(crate) canaries: Vec<String>,
    /// The image of the original; its secrets are where the case says.
    pub(crate) before: Vec<String>,
    /// The images of the rewritten files, in which there must be no secret.
    pub(crate) after: Vec<String>,
    /// The options of the build command that the notes ask for.
    pub(crate) options: Vec<String>,
    /// The transforms that changed something when all were run.
    pub(crate) transforms: Vec<&'static str>,
    pub(crate) time: Duration,
}

/// An image and what its build left behind.
pub(crate) struct Built {
    pub(crate) image: String,
    /// What the builder wrote.
    pub(crate) output: String,
    /// What buildx says of the build (`--metadata-file`).
    pub(crate) provenance: String,
}

/// How an image is built.
struct How<'a> {
    arguments: &'a BTreeMap<String, String>,
    options: &'a [String],
    variables: &'a [(String, String)],
}

const NOTHING: How<'static> = How { arguments: &BTreeMap::new(), options: &[], variables: &[] };

impl Verdict {
    /// Rewrites, builds and compares.
    pub(crate) fn of(case: &Case, values: &Values, world: &World<'_>) -> Self {
        let start = Instant::now();
        let mut verdict = Self { canaries: case.canaries(values), ..Self::default() };
        let trial = Trial { case, values, world };
        if let Err(why) = verdict.fill(&trial) {
            verdict.problems.push(why);
        }
        verdict.time = start.elapsed();
        verdict
    }

    fn fill(&mut self, trial: &Trial<'_>) -> Result<(), String> {
        let Trial { case, values, world } = trial;
        let spec = &case.spec;
        let repository = case.repository(values);
        let level = rewrite::level(repository.path(), world.facts);
        let expected = match spec.level {
            LevelName::Review => Level::Review,
            LevelName::Suggest => Level::Suggest,
        };
        if level != Some(expected) {
            return Err(format!("env-secrets changes it at the level {level:?}, not {expected}"));
        }
        // The rewritten file first: until the original is built, the builder has never seen the secret.
        for with in [With::Alone, With::All] {
            let repository = case.repository(values);
            let rewritten = rewrite::write(repository.path(), world.facts, with, expected)?;
            let told = |why: String| format!("{with:?}: {why}\n{}", rewritten.text);
            let value = |name: &str| spec.values.get(name).map_or("@SECRET@", String::as_str);
            let variables = rewritten.variables();
            let variables: Vec<_> =
                variables.iter().map(|name| ((*name).to_owned(), values.fill(value(name)))).collect();
            let arguments = rewritten.arguments(&spec.arguments);
            let options = rewritten.options();
            let how = How { arguments: &arguments, options: &options, variables: &variables };
            let built = trial.build(repository.path(), &how).map_err(told)?;
            let leaks = leak::places(&built.image, &built, &self.canaries);
            if !leaks.is_empty() {
                self.problems.push(told(format!("the secret is in {leaks:?}")));
            }
            self.problems.extend(trial.differences(&built.image, &spec.made).into_iter().map(told));
            self.after.push(built.image);
            if !spec.without.is_empty() {
                let built = trial.build(repository.path(), &NOTHING).map_err(told)?;
                self.problems.extend(trial.differences(&built.image, &spec.without).into_iter().map(told));
            }
            self.options = options;
            self.transforms = rewritten.transforms;
        }
        let told = |why: String| format!("the original: {why}");
        let how = How { arguments: &spec.arguments, ..NOTHING };
        let built = trial.build(repository.path(), &how).map_err(told)?;
        let mut wanted = spec.found.clone();
        wanted.remove(&Place::Layer);
        let found = leak::places(&built.image, &built, &self.canaries);
        if found != wanted {
            self.problems.push(told(format!("the secret is in {found:?}, not {wanted:?}")));
        }
        self.problems.extend(trial.differences(&built.image, &spec.made).into_iter().map(told));
        self.before.push(built.image);
        if !spec.without.is_empty() {
            let built = trial.build(repository.path(), &NOTHING).map_err(told)?;
            self.problems.extend(trial.differences(&built.image, &spec.without).into_iter().map(told));
        }
        Ok(())
    }

    /// What is wrong with the layers, once the images are saved.
    pub(crate) fn layers(
        &self,
        case: &Case,
        before: &BTreeMap<Place, BTreeSet<String>>,
        after: &BTreeMap<Place, BTreeSet<String>>,
    ) -> Vec<String> {
        let has = |found: &BTreeMap<Place, BTreeSet<String>>, place| {
            found.get(&place).is_some_and(|found| self.canaries.iter().any(|canary| found.contains(canary)))
        };
        let mut problems = Vec::new();
        let wanted = case.spec.found.contains(&Place::Layer);
        if has(before, Place::Layer) != wanted {
            problems.push(format!("the secret is in a layer of the original: {}", !wanted));
        }
        for (place, what) in [(Place::Layer, "a layer"), (Place::Config, "the configuration")] {
            if has(after, place) {
                problems.push(format!("the secret is in {what} of a saved image"));
            }
        }
        problems
    }
}

/// One case at work.
struct Trial<'a> {
    case: &'a Case,
    values: &'a Values,
    world: &'a World<'a>,
}

impl Trial<'_> {
    /// Builds the Dockerfile of a repository anew, as one does in the folder of the context.
    fn build(&self, repository: &Path, how: &How<'_>) -> Result<Built, String> {
        let context = repository.join("context");
        let text = fs::read_to_string(context.join("Dockerfile")).unwrap();
        // The frontend that the line names would have to be downloaded; the one built in knows secrets too.
        let dockerfile = repository.join("Dockerfile");
        fs::write(&dockerfile, text.replace("# syntax=", "# frontend ")).unwrap();
        let metadata = repository.join("metadata.json");
        let build = Build {
            dockerfile: &dockerfile,
            context: &context,
            target: None,
            images: self.world.images,
            tag: None,
            legacy: false,
        };
        let (image, done) = self.world.docker.build_as(&build, |command| {
            command
                .args(["--no-cache", "--network", "host", "--metadata-file"])
                .arg(&metadata)
                .current_dir(&context);
            for (name, value) in how.arguments {
                command.arg("--build-arg").arg(format!("{name}={}", self.values.fill(value)));
            }
            command.args(how.options).envs(how.variables.iter().map(|(name, value)| (name, value)));
            if let Some(ssh) = self.world.ssh {
                command.env("SSH_AUTH_SOCK", &ssh.socket);
            }
        });
        if !done.succeeded() {
            return Err(done.last_words());
        }
        let provenance = fs::read_to_string(&metadata).unwrap();
        Ok(Built { image, output: format!("{}{}", done.out, done.err), provenance })
    }

    /// The files of an image that are not as they should be.
    fn differences(&self, image: &str, wanted: &BTreeMap<String, String>) -> Vec<String> {
        let label = &self.world.docker.label;
        let created = Docker::run(["create", "--network", "none", "--label", label, image, "true"]).ok();
        let container = created.unwrap_or_else(|why| panic!("docker create: {why}"));
        let container = container.trim();
        let mut problems = Vec::new();
        for (path, text) in wanted {
            let folder = tempfile::tempdir_in(crate::process::scratch()).unwrap();
            let copy = folder.path().join("copy");
            let done =
                Docker::run(["cp", "--quiet", &format!("{container}:{path}"), &copy.to_string_lossy()]);
            let found = fs::read_to_string(&copy).unwrap_or_else(|_| done.last_words());
            let wanted = self.values.fill(text);
            if found.trim_end() != wanted {
                problems.push(format!("{path} holds {found:?}, not {wanted:?}"));
            }
        }
        Docker::run(["rm", container]);
        problems
    }
}
