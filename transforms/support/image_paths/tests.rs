use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use harden_core::syntax::{Digest, Reference};
use harden_core::{
    Answer, BuildSetup, ContextEntry, ContextListing, ContextSource, EntryKind, Facts, Finding, ImageConfig,
    Level, ListedEntry, ListedKind, Meta, NoFacts, Place, Policy, ResolvedImage, Transform, rewrite,
};

use super::*;

mod modes;
mod origins;
mod runs;

/// A build context in memory: path, content, mode. A path that ends in `/` is an empty folder; a content that begins
/// with `tar` is an archive.
#[derive(Default)]
struct Tree {
    files: BTreeMap<String, (&'static str, u32)>,
    /// Modes of folders that have another than 0755.
    folders: BTreeMap<String, u32>,
    workdir: Option<&'static str>,
    guessed: bool,
}

fn tree(files: &[(&str, &'static str)]) -> Tree {
    let files = files.iter().map(|(path, content)| ((*path).to_owned(), (*content, 0o644)));
    Tree { files: files.collect(), ..Tree::default() }
}

impl Tree {
    fn all(&self) -> BTreeMap<String, ListedKind> {
        let mut all = BTreeMap::new();
        for path in self.files.keys() {
            let is_folder = path.ends_with('/');
            let path = path.trim_end_matches('/');
            all.insert(path.to_owned(), if is_folder { ListedKind::Directory } else { ListedKind::File });
            let mut above = paths::parent(path);
            while !above.is_empty() {
                all.insert(above.to_owned(), ListedKind::Directory);
                above = paths::parent(above);
            }
        }
        all
    }

    fn entry(&self, path: &str, kind: ListedKind) -> ContextEntry {
        let kind = match kind {
            ListedKind::Directory => EntryKind::Directory,
            _ if self.files[path].0.starts_with("tar") => EntryKind::Archive { compression: "tar" },
            _ => EntryKind::PlainFile,
        };
        ContextEntry { path: path.to_owned(), kind }
    }
}

impl Facts for Tree {
    fn index_digest(&self, image: &Reference) -> Answer<ResolvedImage> {
        NoFacts::default().index_digest(image)
    }
    fn version_tag(&self, image: &Reference, digest: &Digest) -> Answer<Option<String>> {
        NoFacts::default().version_tag(image, digest)
    }
    fn image_config(&self, image: &Reference) -> Answer<Arc<ImageConfig>> {
        match self.workdir {
            Some(path) => {
                let working_dir = Some(path.to_owned());
                Answer::Known(Arc::new(ImageConfig { working_dir, ..ImageConfig::default() }))
            }
            None => NoFacts::default().image_config(image),
        }
    }
    fn context_source(&self, source: &str) -> Answer<ContextSource> {
        let source = paths::relative(source);
        let all = self.all();
        let entries = if source.is_empty() {
            vec![ContextEntry { path: ".".to_owned(), kind: EntryKind::Directory }]
        } else {
            let is_match = |path: &str| match paths::matches(&source, path) {
                Some(answer) => answer,
                None => path == source,
            };
            let found = all.iter().filter(|(path, _)| is_match(path));
            found.map(|(path, kind)| self.entry(path, *kind)).collect()
        };
        Answer::Known(ContextSource { entries, ignored: false, guessed: self.guessed })
    }
    fn context_listing(&self, folder: &str) -> Answer<Arc<ContextListing>> {
        let folder = paths::relative(folder);
        let inside = |path: &&String| {
            paths::below(&folder, path)
                .is_some_and(|rest| !rest.is_empty() || self.all()[*path] == ListedKind::File)
        };
        let all = self.all();
        let entries = all.keys().filter(inside).map(|path| ListedEntry {
            path: path.clone(),
            kind: all[path],
            mode: Some(match self.files.get(path) {
                Some((_, mode)) => *mode,
                None => self.folders.get(path).copied().unwrap_or(0o755),
            }),
        });
        let entries = entries.collect();
        Answer::Known(Arc::new(ContextListing { entries, complete: true, guessed: self.guessed }))
    }
    fn context_text(&self, path: &str) -> Answer<Arc<str>> {
        match self.files.get(path) {
            Some((text, _)) => Answer::Known(Arc::from(*text)),
            None => Answer::Unknown(Why::new("not-found", "it is not there")),
        }
    }
}

type Question<'q, T> = dyn Fn(&ImagePaths<'_, '_>) -> T + Sync + 'q;

/// Asks about the last stage from inside a transform, where a context is to be had.
struct Probe<'q, T>(&'q Question<'q, T>, Mutex<Option<T>>);

static META: Meta = Meta { name: "probe", summary: "asks", worst: Level::Suggest, doc: "", findings: &[] };

impl<T: Send> Transform for Probe<'_, T> {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn propose(&self, ctx: &Context<'_>) -> Vec<Finding> {
        let scopes = Scopes::new(ctx.build, ctx.setup);
        let paths = ImagePaths::new(ctx, &scopes, ctx.build.stages.len() - 1);
        *self.1.lock().unwrap() = Some((self.0)(&paths));
        Vec::new()
    }
}

fn ask_with<T: Send>(text: &str, setup: &BuildSetup, facts: &dyn Facts, question: &Question<'_, T>) -> T {
    let probe = Probe(question, Mutex::new(None));
    rewrite(text, &[&probe], setup, facts, &Policy::at(Level::Safe)).unwrap();
    probe.1.into_inner().unwrap().unwrap()
}

fn ask<T: Send>(text: &str, facts: &dyn Facts, question: &Question<'_, T>) -> T {
    ask_with(text, &BuildSetup::default(), facts, question)
}

/// An origin in short. `?` behind it: not certain. `+owner`, `%mode`, `$argument`.
fn shown(paths: &ImagePaths<'_, '_>, path: &str) -> String {
    let origin = paths.origin(path);
    let mut text = match &origin {
        Origin::Context { path, folder, guessed, .. } => {
            format!("{}{path}{}", if *guessed { "guess " } else { "" }, if *folder { "/" } else { "" })
        }
        Origin::Heredoc { body, expands, .. } => {
            format!("heredoc {expands} {:?}", paths.ctx.file().slice(*body))
        }
        Origin::Written { body: Some(body), .. } => format!("written {:?}", paths.ctx.file().slice(*body)),
        Origin::Written { .. } => "written".to_owned(),
        Origin::Built { stage, path, .. } => format!("stage {stage} {path}"),
        Origin::Image { image, path, .. } => format!("image {image} {path}"),
        Origin::Remote { .. } => "remote".to_owned(),
        Origin::Archive { .. } => "archive".to_owned(),
        Origin::Base => "base".to_owned(),
        Origin::Unknown(why) => why.code.to_owned(),
    };
    if let Some(by) = origin.by() {
        text.extend(by.owner.iter().map(|owner| format!(" +{owner}")));
        text.extend(by.mode.iter().map(|mode| format!(" %{mode}")));
        text.extend(by.argument.iter().map(|name| format!(" ${name}")));
        if !by.certain {
            text.push('?');
        }
    }
    text
}

fn origins(text: &str, facts: &dyn Facts, asked: &[&str]) -> Vec<String> {
    ask(text, facts, &|paths| asked.iter().map(|path| shown(paths, path)).collect())
}

fn check(text: &str, facts: &dyn Facts, expected: &[(&str, &str)]) {
    let asked: Vec<_> = expected.iter().map(|(path, _)| *path).collect();
    let found = origins(text, facts, &asked);
    for ((path, expected), found) in expected.iter().zip(&found) {
        assert_eq!(found, expected, "{path} of\n{text}");
    }
}

#[test]
fn texts_are_read_where_they_stand() {
    let facts = tree(&[("run.sh", "#!/bin/sh\nexec app\n"), ("src/a", "a")]);
    let text = "FROM alpine AS one\nCOPY run.sh /x/\nFROM debian\nCOPY --from=one /x/run.sh /entry\nCOPY src /src\n\
                COPY <<EOF /here\none\ntwo\nEOF\nADD https://example.com/f /f\n";
    let read = |path: &'static str| {
        ask(text, &facts, &move |paths| {
            paths.text(path).map(|found| (found.text.to_string(), found.place(&(4..5))))
        })
    };
    let (script, place) = read("/entry").unwrap();
    assert_eq!(script, "#!/bin/sh\nexec app\n");
    assert_eq!(place, Place::File { name: "run.sh".to_owned(), line: Some(1) });
    let (here, place) = read("/here").unwrap();
    let Place::Here(span) = place else { panic!("{place:?}") };
    assert_eq!((here.as_str(), &text[span.start as usize..span.end as usize]), ("one\ntwo\n", "t"));
    let code = |path| read(path).unwrap_err().code;
    assert_eq!(
        [code("/src"), code("/src/a/b"), code("/f"), code("/bin/sh")],
        ["folder", "from-base", "downloaded", "from-base"]
    );
}

#[test]
fn lines_are_counted_in_files() {
    let facts = tree(&[("run.sh", "#!/bin/sh\n\nexec app\n")]);
    let place = ask("FROM a\nCOPY run.sh /run.sh\n", &facts, &|paths| {
        paths.text("/run.sh").map(|text| text.place(&(11..15)))
    });
    assert_eq!(place, Ok(Place::File { name: "run.sh".to_owned(), line: Some(3) }));
}

#[test]
fn commands_are_found_in_path() {
    let facts = tree(&[("entry.sh", ""), ("bin/tool", ""), ("app/run", "")]);
    let text = "FROM debian\nENV PATH=/opt/tools:$PATH\nWORKDIR /srv\nCOPY entry.sh /usr/local/bin/\n\
                COPY bin /opt/tools\nCOPY app ./\nCOPY --from=redis /usr/local /usr/local\n";
    let find = |word: &'static str| {
        ask(text, &facts, &move |paths| paths.find_command(word, paths.workdir().unwrap(), paths.path_env()))
    };
    let found = |path: &str| Some(path.to_owned());
    assert_eq!(find("entry.sh"), found("/usr/local/bin/entry.sh"));
    assert_eq!(find("tool"), found("/opt/tools/tool"));
    assert_eq!(find("./run"), found("/srv/run"));
    assert_eq!(find("/srv/run"), found("/srv/run"));
    assert_eq!(find("run"), None);
    assert_eq!(find("redis-server"), None, "the image may have it");
    assert_eq!(find("/srv"), None);
    assert_eq!(find(""), None);
}

#[test]
fn path_is_followed_through_env() {
    let path = |text: &str| ask(text, &Tree::default(), &|paths| paths.path_env().to_owned());
    let usual = path("FROM a\n");
    assert!(usual.starts_with("/usr/local/sbin:/usr/local/bin:"));
    assert_eq!(path("FROM a\nENV PATH=/a:$PATH\nENV PATH=\"${PATH}:/b\"\n"), format!("/a:{usual}:/b"));
    assert_eq!(path("FROM a AS b\nENV D=/d\nENV PATH $D/bin:$PATH\nFROM b\n"), format!("/d/bin:{usual}"));
    assert_eq!(path("FROM a\nENV PATH=/x:$NONE/bin:/y\n"), "/x:/y");
    assert_eq!(path("FROM a\nENV PATHS=/p\nENV PATH=$PATHS\n"), "/p");
    let doubled = path(&("FROM a\n".to_owned() + &"ENV PATH=$PATH:$PATH\n".repeat(100)));
    assert!(doubled.len() <= 16 << 10);
}

#[test]
fn every_copy_is_listed_with_its_absolute_destination() {
    let text = "FROM a AS base\nWORKDIR /one\nCOPY a b ./\nFROM base\nWORKDIR two\nADD --chown=1:2 --chmod=640 x y/z\n\
                ONBUILD COPY q /q\nCOPY . $NONE\n";
    let listed = ask(text, &Tree::default(), &|paths| {
        paths
            .copied()
            .map(|one| {
                let to = one.destination.clone().unwrap_or_else(|why| why.code.to_owned());
                format!(
                    "{} {to} {:?} {} {:?} {:?}",
                    one.stage,
                    one.target,
                    one.sources.len(),
                    one.owner,
                    one.mode
                )
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(
        listed,
        [
            "0 /one Folder 2 None None",
            "1 /one/two/y/z Either 1 Some(\"1:2\") Some(\"640\")",
            "1 unknown-variable Either 1 None None",
        ]
    );
}

#[test]
fn hostile_files_end() {
    // Every stage copies everything from every other one.
    let mut text = String::new();
    for index in 0..60 {
        text.extend(["FROM a AS s", &index.to_string(), "\n"]);
        text.extend((0..60).map(|from| format!("COPY --from=s{from} / /\n")));
    }
    let found = origins(&text, &Tree::default(), &["/x"]);
    assert!(["too-complex", "too-deep"].contains(&found[0].as_str()), "{found:?}");
    // Links in a ring, and a path deeper than any.
    let ring = "FROM a\nRUN ln -s /a /b && ln -s /b /c && ln -s /c /a\n";
    assert_eq!(origins(ring, &Tree::default(), &["/a"]), ["too-deep"]);
    let deep = format!("FROM a\nWORKDIR {}\nCOPY x y/\n", "/d".repeat(30_000));
    assert_eq!(origins(&deep, &tree(&[("x", "")]), &["/x"]), ["base"]);
    let mut chain = "FROM a AS s0\n".to_owned();
    chain.extend((1..2000).map(|index| format!("FROM s{} AS s{index}\nCOPY x /x{index}\n", index - 1)));
    assert_eq!(origins(&chain, &tree(&[("x", "")]), &["/x1999", "/x1"]), ["x", "base"]);
    let unread = ask(&text, &Tree::default(), &|paths| paths.unreadable().len());
    assert_eq!(unread, 0);
}

#[test]
fn names_of_both_places_of_bin() {
    let facts = tree(&[("x", "")]);
    check(
        "FROM a\nCOPY x /bin/x\n",
        &facts,
        &[("/usr/bin/x", "x?"), ("/usr/bin", "base"), ("/sbin/x", "base")],
    );
    let names: BTreeSet<_> =
        [merged_usr("/usr/sbin/a"), merged_usr("/opt/bin/a"), merged_usr("/binary")].into();
    assert_eq!(names, [None, Some("/sbin/a".to_owned())].into());
}
