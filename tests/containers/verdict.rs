//! Everything that is done with one case.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bases::Bases;
use crate::case::{Case, ContainerSpec, FORCED};
use crate::check::{As, Seen, watch};
use crate::docker::{Build, Docker};
use crate::rewrite::Rewritten;

/// What became of a case.
pub(crate) struct Verdict {
    name: String,
    /// The user ids of the original and of the rewrites, as they were seen.
    users: Vec<(&'static str, String)>,
    /// Which level writes the user.
    level: &'static str,
    reports: Vec<String>,
    /// For a hazard: what broke.
    broke: Option<String>,
    pub(crate) problems: Vec<String>,
    time: Duration,
}

/// One case at work.
struct Trial<'a> {
    case: &'a Case,
    docker: &'a Docker,
    bases: &'a Bases,
    repository: TempDir,
    /// For each container of the case, the volumes that were made for it.
    volumes: Vec<Vec<String>>,
}

impl Verdict {
    /// Builds, starts and compares everything.
    pub(crate) fn of(case: &Case, docker: &Docker, bases: &Bases) -> Self {
        let start = Instant::now();
        let repository = case.context(bases);
        let rewritten = Rewritten::of(case, bases, repository.path());
        let volumes =
            case.spec.containers.iter().map(|one| one.volumes.iter().map(|_| docker.volume()).collect());
        let trial = Trial { case, docker, bases, volumes: volumes.collect(), repository };
        let mut verdict = Self {
            name: case.name.clone(),
            users: Vec::new(),
            level: "",
            reports: rewritten.reports.clone(),
            broke: None,
            problems: Vec::new(),
            time: Duration::ZERO,
        };
        verdict.fill(&trial, &rewritten);
        verdict.time = start.elapsed();
        verdict
    }

    fn fill(&mut self, trial: &Trial<'_>, rewritten: &Rewritten) {
        let case = trial.case;
        let original = fs::read_to_string(case.folder.join("Dockerfile")).unwrap();
        let before = match trial.run(&original, As::Original) {
            Ok(seen) => seen,
            Err(why) => return self.problems.push(format!("the original does not build: {why}")),
        };
        self.saw("before", &before);
        for (seen, spec) in before.iter().zip(&case.spec.containers) {
            self.add("the original", seen.problems(spec, case.spec.fine_already));
        }
        if let Some(hazard) = &case.spec.hazard {
            let forced = fs::read_to_string(case.folder.join(FORCED)).unwrap();
            let broke = trial.breaks(&forced, &before);
            let broke = broke.iter().find(|problem| problem.contains(&hazard.breaks)).cloned();
            if broke.is_none() {
                self.problems.push(format!("{FORCED} does not break with {:?}", hazard.breaks));
            }
            self.broke = broke.or_else(|| Some("nothing".to_owned()));
            if rewritten.default == original {
                let named = hazard.id.as_ref().is_some_and(|id| rewritten.hazards.contains(id));
                if !named {
                    self.problems.push(format!("harden leaves it alone and does not name {:?}", hazard.id));
                }
            }
        }
        // Where the default level leaves a file alone that has no hazard, the offer has to work all the same.
        let spared = case.spec.hazard.is_some() || case.spec.fine_already;
        self.level = match (rewritten.default != original, rewritten.suggested != original) {
            (true, _) => "review",
            (false, true) => "suggest",
            (false, false) => "none",
        };
        let mut texts: Vec<(&'static str, &str, bool)> = Vec::new();
        match self.level {
            "review" => texts.push(("after", &rewritten.default, true)),
            "suggest" if !spared => texts.push(("offered", &rewritten.suggested, true)),
            _ if !spared => self.problems.push("no user is added".to_owned()),
            _ => {}
        }
        let mut tried = BTreeSet::from([original.as_str()]);
        texts.push(("all", &rewritten.all, self.level == "review" || case.spec.fine_already));
        for (what, text, hardened) in texts {
            if tried.insert(text) {
                self.compare(what, text, hardened, trial, &before);
            }
        }
    }

    /// Runs a rewrite and notes what is wrong with it.
    fn compare(
        &mut self,
        what: &'static str,
        text: &str,
        hardened: bool,
        trial: &Trial<'_>,
        before: &[Seen],
    ) {
        let after = match trial.run(text, if hardened { As::Hardened } else { As::Original }) {
            Ok(seen) => seen,
            Err(why) => return self.problems.push(format!("{what} does not build: {why}\n{text}")),
        };
        self.saw(what, &after);
        let mut problems = Vec::new();
        for ((now, then), spec) in after.iter().zip(before).zip(&trial.case.spec.containers) {
            problems.extend(now.problems(spec, hardened));
            problems.extend(now.differences(then));
            if let Some(user) = trial.case.spec.user.as_ref().filter(|_| hardened)
                && now.config.user.as_ref() != Some(user)
            {
                problems.push(format!("USER is {:?}, not {user}", now.config.user));
            }
        }
        if !problems.is_empty() {
            problems.push(format!("of\n{text}"));
        }
        self.add(what, problems);
    }

    fn saw(&mut self, what: &'static str, seen: &[Seen]) {
        let uids = seen.iter().map(|one| one.uid.map_or("-".to_owned(), |uid| uid.to_string()));
        self.users.push((what, uids.collect::<Vec<_>>().join(" and ")));
    }

    fn add(&mut self, what: &str, problems: Vec<String>) {
        self.problems.extend(problems.into_iter().map(|problem| format!("{what}: {problem}")));
    }
}

impl Trial<'_> {
    /// Builds `text` and watches its containers, or gives the last words of the builder.
    fn run(&self, text: &str, role: As) -> Result<Vec<Seen>, String> {
        let context = self.repository.path().join("context");
        let dockerfile = self.repository.path().join("Dockerfile");
        fs::write(&dockerfile, self.buildable(text)).unwrap();
        let mut all = Vec::new();
        for (spec, volumes) in self.case.spec.containers.iter().zip(&self.volumes) {
            let image = self.build(&dockerfile, &context, spec)?;
            all.push(watch(self.docker, self.bases, &image, spec, volumes, role));
        }
        Ok(all)
    }

    fn build(&self, dockerfile: &Path, context: &Path, spec: &ContainerSpec) -> Result<String, String> {
        let target = spec.target.as_deref();
        let (images, legacy) = (&self.bases.images, self.case.spec.legacy);
        self.docker.build(&Build { dockerfile, context, target, images, tag: None, legacy })
    }

    /// The older builder knows no named contexts, so it is given the names the images have here. The frontend that a
    /// `# syntax=` line names would have to be downloaded.
    fn buildable(&self, text: &str) -> String {
        let mut text = text.replace("# syntax=", "# frontend ");
        if self.case.spec.legacy {
            for (name, image) in &self.bases.images {
                text = text.replace(&format!("FROM {name}"), &format!("FROM {image}"));
            }
        }
        text
    }

    /// What is wrong with a file that was given a user although there is a hazard.
    fn breaks(&self, forced: &str, before: &[Seen]) -> Vec<String> {
        let after = match self.run(forced, As::Forced) {
            Ok(seen) => seen,
            Err(why) => return vec![why],
        };
        let mut problems = Vec::new();
        for ((now, then), spec) in after.iter().zip(before).zip(&self.case.spec.containers) {
            problems.extend(now.problems(spec, true));
            problems.extend(now.differences(then));
        }
        problems
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.problems.is_empty() { "ok" } else { "FAILED" };
        let users: Vec<String> = self.users.iter().map(|(what, uid)| format!("{what} {uid}")).collect();
        write!(f, "{word:6} {:32} {:7} uid {}", self.name, self.level, users.join(", "))?;
        if let Some(broke) = &self.broke {
            write!(f, "; forced breaks: {}", broke.lines().last().unwrap_or_default())?;
        }
        write!(f, " ({:.1} s)", self.time.as_secs_f32())?;
        for report in &self.reports {
            write!(f, "\n       {report}")?;
        }
        Ok(())
    }
}
