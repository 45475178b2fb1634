//! The commits and the branch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::plan::{self, Step};
use super::repository::{Entry, Place, Repository};

/// A file beside Dockerfiles that is not in the commits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) path: PathBuf,
    /// Why, and what to do.
    pub(crate) message: String,
}

/// One commit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) subject: String,
}

/// What was made in a repository.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) commits: Vec<Made>,
    /// The branch was there and held this already.
    pub(crate) existed: bool,
    /// Files beside Dockerfiles that could not be committed.
    pub(crate) unfit: Vec<Unfit>,
}

/// The tree of a commit and what the commit says.
struct Tree {
    object: String,
    message: String,
}

/// Files by their names, with mode and object.
type State = BTreeMap<Vec<u8>, (String, String)>;

/// The text of a file in a commit, and how it is kept.
struct Text<'a> {
    place: &'a Place,
    /// Of the file as it is in the base; `None` for a new file.
    entry: Option<&'a Entry>,
    content: &'a str,
}

/// Files beside Dockerfiles that can be committed, by their paths; a new one has no entry.
type Beside = BTreeMap<PathBuf, (Place, Option<Entry>)>;

impl Repository {
    /// Makes the commits and, at the very end, the branch. `files` are the Dockerfiles of the steps.
    ///
    /// # Errors
    /// Why there is no branch, or why it is left as it is, and what to do.
    pub(crate) fn write(
        &self,
        branch: &str,
        files: &[(Place, Entry)],
        steps: &[Step<'_>],
    ) -> Result<Written, String> {
        let valid = self.git.line(&["check-ref-format", "--branch", branch]);
        if valid.is_err() || valid.is_ok_and(|name| name != branch) {
            return Err(format!("`{branch}` cannot be the name of a branch"));
        }
        if branch == self.branch {
            return Err(format!(
                "the branch {branch} is checked out; check out the branch that the changes are for, or give another \
                 --branch"
            ));
        }
        let (beside, unfit) = self.beside(steps)?;
        let trees = self.trees(files, &beside, steps)?;
        let reference = format!("refs/heads/{branch}");
        let there = self.git.run(&["rev-parse", "--verify", "--quiet", &reference], b"")?;
        let (commits, existed) = if there.succeeded() {
            (self.held(&reference, &trees)?, true)
        } else {
            let commits = self.commits(&trees)?;
            if let Some(tip) = commits.last() {
                let create = format!("create {reference} {}\n", tip.id);
                let made =
                    self.git.run(&["update-ref", "-m", "harden commit", "--stdin"], create.as_bytes())?;
                made.output().map_err(|said| format!("git cannot make the branch {branch}: {said}"))?;
            }
            (commits, false)
        };
        Ok(Written { commits, existed, unfit })
    }

    /// The files beside Dockerfiles that can be committed, by their paths, and those that cannot.
    fn beside(&self, steps: &[Step<'_>]) -> Result<(Beside, Vec<Unfit>), String> {
        let (mut fit, mut unfit) = (BTreeMap::new(), Vec::new());
        let mut old = Vec::new();
        let mut new = Vec::new();
        for (path, companion) in plan::beside(steps) {
            match Place::of(&path).filter(|place| place.root == self.root) {
                Some(place) if companion.before().is_some() => old.push((path, place, companion)),
                Some(place) => new.push((path, place)),
                None => unfit.push(Unfit { path, message: "it would not be in this repository".to_owned() }),
            }
        }
        let texts: Vec<_> =
            old.iter().map(|(_, place, companion)| (place, companion.before().unwrap_or_default())).collect();
        let entries = self.entries(&texts)?;
        for ((path, place, _), entry) in old.into_iter().zip(entries) {
            match entry {
                Ok(entry) => drop(fit.insert(path, (place, Some(entry)))),
                Err(message) => unfit.push(Unfit { path, message }),
            }
        }
        let ignored = self.ignored(new.iter().map(|(_, place)| place))?;
        for (path, place) in new {
            if ignored.contains(&place.key()) {
                let message =
                    "git ignores it (.gitignore); take it out of there, or give --notes never".to_owned();
                unfit.push(Unfit { path, message });
            } else {
                fit.insert(path, (place, None));
            }
        }
        unfit.sort_by(|a, b| a.path.cmp(&b.path));
        for one in &mut unfit {
            one.message = format!("{} is not in the commits: {}", plan::shown(&one.path), one.message);
        }
        Ok((fit, unfit))
    }

    /// The names that `.gitignore` and the like keep out.
    fn ignored<'p>(&self, places: impl Iterator<Item = &'p Place>) -> Result<BTreeSet<Vec<u8>>, String> {
        // A name that begins with a colon would be a pattern.
        let names: Vec<u8> = places.flat_map(|place| [b"./", &*place.key(), b"\0"].concat()).collect();
        if names.is_empty() {
            return Ok(BTreeSet::new());
        }
        let answer = self.git.run(&["check-ignore", "-z", "--stdin"], &names)?;
        // 1: none of them.
        let out = if answer.code() == Some(1) { Vec::new() } else { answer.output()? };
        let names = out.split(|byte| *byte == 0).filter_map(|name| name.strip_prefix(b"./"));
        Ok(names.map(<[u8]>::to_vec).collect())
    }
    /// The trees of the steps that change something.
    fn trees(
        &self,
        files: &[(Place, Entry)],
        beside: &Beside,
        steps: &[Step<'_>],
    ) -> Result<Vec<Tree>, String> {
        let index = self.git.with_index(&self.folder.path().join("index"));
        index.output(&["read-tree", &self.base])?;
        let before: State = files
            .iter()
            .map(|(place, entry)| (place, entry))
            .chain(beside.values().filter_map(|(place, entry)| entry.as_ref().map(|entry| (place, entry))))
            .map(|(place, entry)| (place.key(), (entry.mode.clone(), entry.object.clone())))
            .collect();
        let mut last = before.clone();
        let mut trees = Vec::new();
        let mut tree = index.line(&["write-tree"])?;
        let states = self.states(files, beside, steps)?;
        for (step, changed) in steps.iter().zip(states) {
            let mut state = before.clone();
            state.extend(changed);
            let names: BTreeSet<&Vec<u8>> = last.keys().chain(state.keys()).collect();
            let mut input = Vec::new();
            for name in names.into_iter().filter(|name| last.get(*name) != state.get(*name)) {
                let about = match state.get(name) {
                    Some((mode, object)) => format!("{mode} {object}\t"),
                    None => format!("0 {}\t", "0".repeat(self.base.len())),
                };
                input.extend_from_slice(about.as_bytes());
                input.extend_from_slice(name);
                input.push(0);
            }
            index.run(&["update-index", "-z", "--index-info"], &input)?.output()?;
            let next = index.line(&["write-tree"])?;
            if next != tree {
                let beside = step.beside.iter().filter_map(|one| Some(&beside.get(&one.path)?.0));
                let beside: Vec<(String, bool)> = beside
                    .filter(|place| last.get(&place.key()) != state.get(&place.key()))
                    .map(|place| (place.shown(), !last.contains_key(&place.key())))
                    .collect();
                trees.push(Tree { object: next.clone(), message: step.message(&beside) });
            }
            tree = next;
            last = state;
        }
        Ok(trees)
    }

    /// What the files are after each step. Their texts are in the repository then.
    fn states(
        &self,
        files: &[(Place, Entry)],
        beside: &Beside,
        steps: &[Step<'_>],
    ) -> Result<Vec<State>, String> {
        let mut texts: Vec<(usize, Text<'_>)> = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            for (index, text) in &step.texts {
                let Some((place, entry)) = files.get(*index) else { continue };
                texts.push((number, Text { place, entry: Some(entry), content: text }));
            }
            for one in &step.beside {
                let Some((place, entry)) = beside.get(&one.path) else { continue };
                texts.push((number, Text { place, entry: entry.as_ref(), content: one.after() }));
            }
        }
        let is_plain = |text: &Text<'_>| text.entry.is_some_and(|entry| entry.plain);
        let plain: BTreeSet<&str> =
            texts.iter().filter(|(_, text)| is_plain(text)).map(|(_, text)| text.content).collect();
        let plain: Vec<&str> = plain.into_iter().collect();
        let objects = self.objects(&plain, true)?;
        let plain: BTreeMap<&str, String> = plain.into_iter().zip(objects).collect();
        let mut filtered: BTreeMap<(&Place, &str), String> = BTreeMap::new();
        let mut states = vec![State::new(); steps.len()];
        for (number, text) in &texts {
            let known = plain.get(text.content).filter(|_| is_plain(text));
            let object = match known.or_else(|| filtered.get(&(text.place, text.content))) {
                Some(object) => object.clone(),
                None => self.filtered(text.place, text.content, true)?,
            };
            if !is_plain(text) {
                filtered.insert((text.place, text.content), object.clone());
            }
            let mode = text.entry.map_or("100644", |entry| entry.mode.as_str()).to_owned();
            if let Some(state) = states.get_mut(*number) {
                state.insert(text.place.key(), (mode, object));
            }
        }
        Ok(states)
    }

    /// Makes a commit of each tree, one on the other.
    fn commits(&self, trees: &[Tree]) -> Result<Vec<Made>, String> {
        // `git commit` signs by itself when it is told to, `git commit-tree` does not (git-commit-tree(1)).
        let signs = self.git.line(&["config", "--type=bool", "--get", "commit.gpgSign"]);
        let signs = signs.is_ok_and(|value| value == "true");
        let mut commits: Vec<Made> = Vec::with_capacity(trees.len());
        for tree in trees {
            let parent = commits.last().map_or(&self.base, |one| &one.id).clone();
            let mut arguments = vec!["-c", "i18n.commitEncoding=UTF-8", "commit-tree", "-p", &parent];
            arguments.extend(signs.then_some("-S"));
            arguments.push(&tree.object);
            let made = self.git.run(&arguments, tree.message.as_bytes())?;
            let id = made.line().map_err(|said| format!("git cannot commit: {said}"))?;
            let subject = tree.message.lines().next().unwrap_or_default().to_owned();
            commits.push(Made { id, subject });
        }
        Ok(commits)
    }

    /// The commits of a branch that is there, if they are those that would be made.
    fn held(&self, reference: &str, trees: &[Tree]) -> Result<Vec<Made>, String> {
        let range = format!("{}..{reference}", self.base);
        let options =
            ["log", "--reverse", "--no-show-signature", "--no-color", "--format=%H%x00%T%x00%P%x00%s"];
        let log = self.git.line(&[&options[..], &[range.as_str(), "--"]].concat())?;
        let mut parent = self.base.clone();
        let mut commits = Vec::new();
        for line in log.lines() {
            let fields: Vec<&str> = line.split('\0').collect();
            let [id, tree, parents, subject] = fields.as_slice() else { break };
            if *parents != parent || trees.get(commits.len()).is_none_or(|one| one.object != *tree) {
                break;
            }
            (*id).clone_into(&mut parent);
            commits.push(Made { id: parent.clone(), subject: (*subject).to_owned() });
        }
        if commits.len() == trees.len() && log.lines().count() == trees.len() {
            return Ok(commits);
        }
        let name = reference.strip_prefix("refs/heads/").unwrap_or(reference);
        Err(format!(
            "the branch {name} is there and holds something else, which is left as it is; delete it (`git branch -D \
             {name}`) or give another --branch"
        ))
    }
}
