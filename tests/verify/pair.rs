//! Two texts, and what a comparison has to say about them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use harden::verify::{BuilderName, Comparison, FileVerdict, Intent, Session, Subject, VerifyArgs, compare};
use harden_core::{Note, SecretSource};
use serde::Deserialize;

use crate::files::read_toml;
use crate::here;
use crate::world::World;

/// A file of `pairs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    /// What it shows, one sentence.
    #[allow(dead_code, reason = "for people who read the pair")]
    why: String,
    before: String,
    after: String,
    #[serde(default)]
    user: bool,
    #[serde(default)]
    split: bool,
    target: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    build_secret: Option<BuildSecret>,
    #[serde(default)]
    variables: Vec<String>,
    #[serde(default)]
    build_args: Vec<String>,
    /// The status of these checks.
    expect: BTreeMap<String, String>,
    /// Parts of what is printed.
    #[serde(default)]
    says: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BuildSecret {
    id: String,
    variable: String,
    argument: Option<String>,
}

/// Values that are never printed.
const SECRETS: [&str; 2] = ["s3cr3t-value", "t0ken-value"];

impl Pair {
    pub(crate) fn open(path: &Path) -> Self {
        read_toml(path)
    }

    /// The same with another base image.
    pub(crate) fn on(mut self, image: &str) -> Self {
        for text in [&mut self.before, &mut self.after] {
            *text = text.replace("busybox:1.37", image);
        }
        self
    }

    /// Compares, and says what is not as it has to be.
    pub(crate) fn check(&self, session: &Session, options: &VerifyArgs) -> Vec<String> {
        let context = tempfile::tempdir().unwrap();
        for (path, text) in &self.files {
            fs::write(context.path().join(path), text).unwrap();
        }
        let secret = self.build_secret.clone().map(|secret| Note::BuildSecret {
            id: secret.id,
            source: SecretSource::Variable(secret.variable),
            argument: secret.argument,
        });
        let variables = self.variables.iter().map(|name| Note::Variable { name: name.clone() });
        let subject = Subject {
            before: self.before.as_str().into(),
            after: self.after.as_str().into(),
            context: context.path().to_owned(),
            dockerfile: Some(context.path().join("Dockerfile")),
            target: self.target.clone(),
            build_args: Vec::new(),
            intent: Intent { user: self.user, split: self.split },
            notes: secret.into_iter().chain(variables).collect(),
        };
        let options = VerifyArgs { build_arg: self.build_args.clone(), ..options.clone() };
        let comparison = compare(session, &subject, &options).unwrap();
        self.problems(comparison)
    }

    fn problems(&self, comparison: Comparison) -> Vec<String> {
        let mut problems = Vec::new();
        for (check, wanted) in &self.expect {
            let is = |one: &&harden::verify::Checked| name(&one.check) == *check;
            match comparison.checks.iter().find(is) {
                Some(found) if name(&found.status) == *wanted => {}
                Some(found) => problems.push(format!("{check} is {}, not {wanted}", name(&found.status))),
                None => problems.push(format!("{check} is missing")),
            }
        }
        let json = serde_json::to_string(&comparison).unwrap();
        let table = FileVerdict::new("Dockerfile".to_owned(), vec![comparison]).table(false);
        problems.extend(
            self.says
                .iter()
                .filter(|part| !table.contains(*part))
                .map(|part| format!("does not say {part:?}")),
        );
        for secret in SECRETS {
            if table.contains(secret) || json.contains(secret) {
                problems.push("prints a secret".to_owned());
            }
        }
        if !problems.is_empty() {
            problems.push(table);
        }
        problems
    }
}

/// A unit variant as JSON has it.
fn name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// Options for a Docker without a network.
pub(crate) fn options() -> VerifyArgs {
    VerifyArgs {
        builder: Some(BuilderName::Docker),
        build_arg: Vec::new(),
        build_context: Vec::new(),
        secret: Vec::new(),
        network: Some("none".to_owned()),
        run_network: "none".to_owned(),
        run_timeout: Duration::from_secs(3),
        build_timeout: Duration::from_secs(120),
    }
}

#[test]
fn every_breakage_is_seen_and_nothing_else() {
    let Some((_turn, world)) = World::open() else { return };
    let wanted = std::env::var("HARDEN_CASES").unwrap_or_default();
    let mut paths: Vec<_> =
        fs::read_dir(here().join("pairs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| wanted.split(',').any(|word| path.to_string_lossy().contains(word)));
    let number = paths.len();
    let queue = Mutex::new(paths.into_iter().collect::<VecDeque<_>>());
    let problems = Mutex::new(Vec::new());
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let options = VerifyArgs { build_context: vec![world.base()], ..options() };
                let session = Session::open(options.builder).unwrap();
                loop {
                    let Some(path) = queue.lock().unwrap().pop_front() else { break };
                    let found = Pair::open(&path).check(&session, &options);
                    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                    println!("{name}: {}", if found.is_empty() { "as expected" } else { "NOT as expected" });
                    problems.lock().unwrap().extend(found.iter().map(|one| format!("{name}: {one}")));
                }
            });
        }
    });
    println!("{number} pairs in {:.1} s", start.elapsed().as_secs_f32());
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(!wanted.is_empty() || number >= 20, "only {number} pairs");
}
