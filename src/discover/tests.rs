//! Whole trees; the rules of one file format are tested beside its reader.

mod services;

use super::*;

struct Tree(tempfile::TempDir);

impl Tree {
    /// A repository with these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self::outside_git(files);
        fs::create_dir(tree.path(".git")).unwrap();
        tree
    }

    fn outside_git(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = tree.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        if path == "." { self.0.path().to_path_buf() } else { self.0.path().join(path) }
    }

    fn discover(&self, inputs: &[&str]) -> Discovery {
        self.discover_with(inputs, &Options::default())
    }

    fn discover_with(&self, inputs: &[&str], options: &Options) -> Discovery {
        let inputs: Vec<_> = inputs.iter().map(|input| Input::Path(self.path(input))).collect();
        discover(&inputs, options)
    }

    /// A path of this tree as the tests write it.
    fn short(&self, path: &Path) -> String {
        let short = path.strip_prefix(self.0.path()).unwrap_or(path);
        if short.as_os_str().is_empty() { ".".into() } else { paths::display(short) }
    }

    fn names(&self, discovery: &Discovery) -> Vec<String> {
        discovery.candidates.iter().map(|candidate| self.short(candidate.path().unwrap())).collect()
    }

    /// The one candidate.
    fn only(&self, inputs: &[&str]) -> Candidate {
        let mut discovery = self.discover(inputs);
        assert_eq!(discovery.problems, []);
        assert_eq!(discovery.candidates.len(), 1, "{:?}", self.names(&discovery));
        discovery.candidates.remove(0)
    }

    fn context(&self, candidate: &Candidate) -> Option<String> {
        candidate.context.as_deref().map(|context| self.short(context))
    }

    fn sources(&self, candidate: &Candidate) -> Vec<String> {
        let prefix = format!("{}/", paths::display(self.0.path()));
        candidate.setup.sources.iter().map(|source| source.replace(&prefix, "")).collect()
    }
}

fn kinds(discovery: &Discovery) -> Vec<ProblemKind> {
    discovery.problems.iter().map(|problem| problem.kind).collect()
}

#[test]
fn a_walk_finds_dockerfiles_sorted() {
    let tree = Tree::new(&[
        ("b/Dockerfile", ""),
        ("a.Dockerfile", ""),
        ("Dockerfile", ""),
        ("b/Dockerfile.dev", ""),
        ("b/Containerfile", ""),
        ("b/Dockerfile.tmpl", ""),
        ("b/Dockerfile.dockerignore", ""),
        ("README.md", ""),
    ]);
    let discovery = tree.discover(&["."]);
    assert_eq!(
        tree.names(&discovery),
        ["Dockerfile", "a.Dockerfile", "b/Containerfile", "b/Dockerfile", "b/Dockerfile.dev"]
    );
    assert!(discovery.candidates.iter().all(|candidate| !candidate.explicit));
    assert_eq!(discovery.problems, []);
}

#[test]
fn ignored_folders_are_left_out() {
    let tree = Tree::new(&[
        (".gitignore", "/vendor/\n*.dev\n"),
        ("Dockerfile", ""),
        ("Dockerfile.dev", ""),
        ("vendor/Dockerfile", ""),
        ("a/.gitignore", "b/\n"),
        ("a/b/Dockerfile", ""),
        ("a/Dockerfile", ""),
    ]);
    assert_eq!(tree.names(&tree.discover(&["."])), ["Dockerfile", "a/Dockerfile"]);
}

#[test]
fn ignore_files_above_a_walked_directory_count_inside_a_repository() {
    let tree = Tree::new(&[(".gitignore", "out/\n"), ("a/out/Dockerfile", ""), ("a/Dockerfile", "")]);
    assert_eq!(tree.names(&tree.discover(&["a"])), ["a/Dockerfile"]);
}

#[test]
fn an_ignored_directory_or_file_that_is_named_is_taken() {
    let tree = Tree::new(&[(".gitignore", "out/\n"), ("out/Dockerfile", "")]);
    assert_eq!(tree.names(&tree.discover(&["out"])), ["out/Dockerfile"]);
    assert_eq!(tree.names(&tree.discover(&["out/Dockerfile"])), ["out/Dockerfile"]);
}

#[test]
fn nothing_is_ignored_outside_a_repository() {
    let tree = Tree::outside_git(&[(".gitignore", "out/\n"), ("out/Dockerfile", "")]);
    assert_eq!(tree.names(&tree.discover(&["."])), ["out/Dockerfile"]);
}

#[test]
fn hidden_directories_are_walked_but_not_those_of_version_control() {
    let tree = Tree::new(&[
        (".devcontainer/Dockerfile", ""),
        (".github/actions/x/Dockerfile", ""),
        (".hg/Dockerfile", ""),
        ("sub/.git/hooks/Dockerfile", ""),
    ]);
    fs::write(tree.path(".git/Dockerfile"), "").unwrap();
    let expected = [".devcontainer/Dockerfile", ".github/actions/x/Dockerfile"];
    assert_eq!(tree.names(&tree.discover(&["."])), expected);
}

#[test]
fn a_build_file_git_ignores_says_nothing() {
    let tree = Tree::new(&[
        (".gitignore", "compose.override.yaml\n"),
        ("a/Dockerfile", ""),
        ("compose.override.yaml", "services: {a: {build: {context: a, target: mine}}}"),
    ]);
    for input in [".", "a", "a/Dockerfile"] {
        assert_eq!(tree.only(&[input]).setup, BuildSetup::default(), "{input}");
    }
}

#[test]
fn a_named_file_is_taken_whatever_its_name() {
    let tree = Tree::new(&[("build/image.tmpl", "FROM scratch\n")]);
    let candidate = tree.only(&["build/image.tmpl"]);
    assert!(candidate.explicit);
    assert_eq!(tree.context(&candidate).as_deref(), Some("build"));
    assert_eq!(candidate.context_origin, ContextOrigin::Folder);
}

#[test]
fn one_file_named_twice_is_one_candidate() {
    let tree = Tree::new(&[("a/Dockerfile", ""), ("b/x", "")]);
    let discovery = tree.discover(&[".", "a", "b/../a/Dockerfile", "a/Dockerfile"]);
    assert_eq!(discovery.candidates.len(), 1);
    assert!(discovery.candidates[0].explicit);
    assert_eq!(tree.names(&discovery), ["b/../a/Dockerfile"], "spelled as it was named first");
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed_unless_named() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new(&[("a/Dockerfile", "")]);
    symlink("..", tree.path("a/loop")).unwrap();
    symlink("a/Dockerfile", tree.path("Dockerfile")).unwrap();
    symlink("nowhere", tree.path("Dockerfile.broken")).unwrap();
    assert_eq!(tree.names(&tree.discover(&["."])), ["a/Dockerfile"]);
    let both = tree.discover(&["Dockerfile", "a/Dockerfile", "a/loop/a/loop/a/Dockerfile"]);
    assert_eq!(tree.names(&both), ["Dockerfile"]);
    assert_eq!(kinds(&tree.discover(&["Dockerfile.broken"])), [ProblemKind::MissingInput]);
}

#[cfg(unix)]
#[test]
fn a_directory_behind_a_symbolic_link_is_walked_when_named() {
    let tree = Tree::new(&[("a/Dockerfile", "")]);
    std::os::unix::fs::symlink("a", tree.path("link")).unwrap();
    assert_eq!(tree.names(&tree.discover(&["link"])), ["link/Dockerfile"]);
    assert_eq!(tree.names(&tree.discover(&["link", "a"])), ["link/Dockerfile"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_found() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::new(&[("x", "")]);
    let folder = tree.path(".").join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"Dockerfile.\xe9")), "").unwrap();
    fs::write(folder.join("compose.yaml"), "services: {a: {build: {context: ., dockerfile: x}}}").unwrap();
    let discovery = tree.discover(&["."]);
    assert_eq!(discovery.candidates.len(), 1);
    assert_eq!(discovery.candidates[0].context.as_deref(), Some(folder.as_path()));
}

#[test]
fn missing_and_empty_inputs_are_problems() {
    let tree = Tree::new(&[("empty/README.md", ""), ("a/Dockerfile", "")]);
    let discovery = tree.discover(&["nowhere/Dockerfile", "empty", "a"]);
    assert_eq!(tree.names(&discovery), ["a/Dockerfile"]);
    assert_eq!(kinds(&discovery), [ProblemKind::NoDockerfiles, ProblemKind::MissingInput]);
    assert!(discovery.problems[1].kind.is_error() && !discovery.problems[0].kind.is_error());
    let message = discovery.problems[1].to_string();
    assert!(message.contains("nowhere/Dockerfile: no such file or directory"), "{message}");
}

#[test]
fn standard_input_has_only_the_context_it_is_given() {
    let tree = Tree::new(&[("Dockerfile", "")]);
    let candidate = discover(&[Input::Stdin], &Options::default()).candidates.remove(0);
    assert_eq!(candidate.source, Input::Stdin);
    assert_eq!((candidate.context, candidate.context_origin), (None, ContextOrigin::None));
    let options = Options { context: Some(tree.path(".")), target: Some("x".into()) };
    let candidate = discover(&[Input::Stdin, Input::Stdin], &options).candidates.remove(0);
    assert_eq!(candidate.context_origin, ContextOrigin::Explicit);
    assert_eq!(candidate.context, options.context);
    assert_eq!(candidate.setup.targets, ["x".into()].into());
}

#[test]
fn compose_names_context_and_dockerfile() {
    let tree = Tree::new(&[
        ("api/docker/Dockerfile.prod", ""),
        (
            "deploy/compose.yaml",
            "services:
  api:
    build:
      context: ../api
      dockerfile: docker/Dockerfile.prod
      target: run
      args: [VERSION=1, GIVEN]
      additional_contexts: {base: ../base}
",
        ),
    ]);
    let candidate = tree.only(&["."]);
    assert_eq!(tree.context(&candidate).as_deref(), Some("api"));
    let ContextOrigin::Named(sources) = &candidate.context_origin else { panic!("{candidate:?}") };
    assert_eq!(*sources, candidate.setup.sources);
    assert_eq!(tree.sources(&candidate), ["deploy/compose.yaml: services.api"]);
    assert_eq!(candidate.setup.targets, ["run".into()].into());
    assert_eq!(candidate.setup.named_contexts, ["base".into()].into());
    assert_eq!(
        candidate.setup.build_args,
        [("VERSION".into(), Some("1".into())), ("GIVEN".into(), None)].into()
    );
}

#[test]
fn several_services_are_a_union() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (
            "compose.yml",
            "services:
  web: {build: {context: ., target: web, args: {SAME: a, DIFFERENT: a, ONE: x}}}
  job: {build: {context: ./, target: job, args: {SAME: a, DIFFERENT: b}}}
  db: {image: postgres}
",
        ),
    ]);
    let candidate = tree.only(&["."]);
    assert_eq!(tree.context(&candidate).as_deref(), Some("."));
    assert_eq!(candidate.setup.targets, ["job".into(), "web".into()].into());
    assert_eq!(
        candidate.setup.build_args,
        [("SAME".into(), Some("a".into())), ("DIFFERENT".into(), None), ("ONE".into(), None)].into(),
        "the other build does not give ONE"
    );
    assert_eq!(tree.sources(&candidate), ["compose.yml: services.job", "compose.yml: services.web"]);
}

#[test]
fn different_contexts_are_ambiguous_until_one_is_given() {
    let tree = Tree::new(&[
        ("docker/Dockerfile", ""),
        (
            "compose.yaml",
            "services: {a: {build: {context: ., dockerfile: docker/Dockerfile}}, b: {build: docker}}",
        ),
    ]);
    let candidate = tree.only(&["."]);
    assert_eq!(candidate.context, None);
    let ContextOrigin::Ambiguous(contexts) = &candidate.context_origin else { panic!("{candidate:?}") };
    assert_eq!(contexts.keys().map(|path| tree.short(path)).collect::<Vec<_>>(), [".", "docker"]);

    let options = Options { context: Some(tree.path("docker")), ..Options::default() };
    let given = tree.discover_with(&["."], &options).candidates.remove(0);
    assert_eq!(given.context_origin, ContextOrigin::Explicit);
    assert_eq!(tree.context(&given).as_deref(), Some("docker"));
    assert_eq!(given.setup, candidate.setup);
}

#[test]
fn a_context_that_does_not_exist_is_a_problem() {
    let tree = Tree::new(&[("Dockerfile", "")]);
    let options = Options { context: Some(tree.path("nowhere")), ..Options::default() };
    let discovery = tree.discover_with(&["."], &options);
    assert_eq!(kinds(&discovery), [ProblemKind::InvalidContext]);
    assert_eq!(discovery.candidates.len(), 1);
}

#[test]
fn builds_that_cannot_be_told_are_not_used() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        (
            "compose.yaml",
            "services:
  variable: {build: {context: '${SRC}', target: a}}
  remote: {build: {context: 'https://github.com/docker/buildx.git', target: b}}
  git: {build: {context: 'git@github.com:docker/buildx.git', target: c}}
  inline: {build: {context: ., dockerfile_inline: FROM scratch, target: d}}
  missing: {build: {context: ./nowhere, target: e}}
  no_file: {build: {dockerfile: Dockerfile.nowhere, target: f}}
  lost: {build: {target: g}, extends: {file: ../other.yaml, service: x}}
",
        ),
    ]);
    let candidate = tree.only(&["."]);
    assert_eq!(candidate.context_origin, ContextOrigin::Folder);
    assert_eq!(candidate.setup, BuildSetup::default());
}

#[test]
fn a_default_in_a_path_counts_unless_an_env_file_sets_the_variable() {
    let compose = "services: {a: {build: {context: '${SRC:-app}', target: '${TARGET:-run}'}}}";
    let tree = Tree::new(&[("app/Dockerfile", ""), ("compose.yaml", compose)]);
    let candidate = tree.only(&["."]);
    assert!(matches!(candidate.context_origin, ContextOrigin::Named(_)));
    assert_eq!(candidate.setup.targets, ["run".into()].into());
    let tree = Tree::new(&[("app/Dockerfile", ""), ("compose.yaml", compose), (".env", "SRC=web\n")]);
    assert_eq!(tree.only(&["."]).context_origin, ContextOrigin::Folder);
}

#[test]
fn an_override_file_is_laid_over_its_base() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        ("app/Dockerfile", ""),
        ("app/Dockerfile.dev", ""),
        ("compose.yaml", "services: {web: {build: {context: app, args: {A: '1'}}}}"),
        (
            "compose.override.yaml",
            "services: {web: {build: {dockerfile: Dockerfile.dev, target: dev, args: {B: '2'}}}}",
        ),
    ]);
    let discovery = tree.discover(&["."]);
    assert_eq!(tree.names(&discovery), ["Dockerfile", "app/Dockerfile", "app/Dockerfile.dev"]);
    let [root, app, dev] = &discovery.candidates[..] else { panic!() };
    assert_eq!(root.setup, BuildSetup::default(), "the override says nothing about ./Dockerfile");
    assert_eq!(app.setup.build_args.keys().collect::<Vec<_>>(), ["A"]);
    assert_eq!(dev.setup.build_args.keys().collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(tree.context(dev).as_deref(), Some("app"));
    assert_eq!(dev.setup.targets, ["dev".into()].into());
}

#[test]
fn services_extend_others() {
    let tree = Tree::new(&[
        ("app/Dockerfile", ""),
        ("Dockerfile", ""),
        (
            "compose.yaml",
            "services:
  base: {build: {context: app, args: {A: '1'}}}
  web: {extends: {service: base}, build: {target: web}}
  job: {extends: base}
  db: {image: postgres}
  db2: {extends: db}
",
        ),
    ]);
    let discovery = tree.discover(&["."]);
    assert_eq!(discovery.candidates[0].setup, BuildSetup::default());
    let app = &discovery.candidates[1];
    assert_eq!(app.setup.targets, ["web".into()].into());
    assert_eq!(
        tree.sources(app),
        ["compose.yaml: services.base", "compose.yaml: services.job", "compose.yaml: services.web"]
    );
}

#[test]
fn bake_files_name_builds() {
    let tree = Tree::new(&[
        ("docker/app.Dockerfile", ""),
        (
            "docker-bake.hcl",
            r#"
variable "DIR" { default = "docker" }
target "_common" { args = { GO = "1.23" } }
target "app" {
  inherits = ["_common"]
  dockerfile = "${DIR}/app.Dockerfile"
  target = "run"
  contexts = { base = "target:base" }
}
"#,
        ),
        ("docker-bake.override.json", r#"{"target": {"app": {"args": {"EXTRA": "1"}}}}"#),
    ]);
    let candidate = tree.only(&["."]);
    assert_eq!(tree.context(&candidate).as_deref(), Some("."));
    assert_eq!(candidate.setup.targets, ["run".into()].into());
    assert_eq!(candidate.setup.named_contexts, ["base".into()].into());
    assert_eq!(
        candidate.setup.build_args,
        [("GO".into(), Some("1.23".into())), ("EXTRA".into(), None)].into(),
        "only the override gives EXTRA"
    );
    assert_eq!(
        tree.sources(&candidate),
        ["docker-bake.hcl: target.app", "docker-bake.override.json: target.app"]
    );
}

#[test]
fn a_bake_file_in_a_folder_may_be_meant_for_the_root() {
    let tree = Tree::new(&[
        ("src/Dockerfile", ""),
        ("ci/docker-bake.hcl", "target \"a\" {\n  context = \"src\"\n  target = \"x\"\n}\n"),
    ]);
    let candidate = tree.only(&["."]);
    assert_eq!(tree.context(&candidate).as_deref(), Some("src"));
    assert_eq!(candidate.setup.targets, ["x".into()].into());
}

#[test]
fn bake_targets_that_inherit_in_a_circle_are_not_used() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        ("docker-bake.hcl", "target \"a\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"a\"] }\n"),
    ]);
    assert_eq!(tree.only(&["."]).context_origin, ContextOrigin::Folder);
}

#[test]
fn the_dockerfile_may_be_lower_case_or_a_containerfile() {
    let compose = "services: {a: {build: {context: ., target: x}}}";
    for name in ["dockerfile", "Containerfile"] {
        let tree = Tree::new(&[(name, ""), ("compose.yaml", compose)]);
        assert_eq!(tree.only(&["."]).setup.targets, ["x".into()].into(), "{name}");
    }
}

#[test]
fn a_named_file_is_looked_up_in_the_folders_above_it() {
    let compose = "services: {a: {build: {context: ., dockerfile: svc/a/Dockerfile}}}";
    let tree = Tree::new(&[("svc/a/Dockerfile", ""), ("compose.yaml", compose)]);
    for input in ["svc/a/Dockerfile", "svc/a", "svc"] {
        let candidate = tree.only(&[input]);
        assert_eq!(tree.context(&candidate).as_deref(), Some("."), "{input}");
    }
}

#[test]
fn the_search_above_ends_at_the_repository_and_after_five_folders() {
    let compose = "services: {a: {build: {context: ., dockerfile: 1/2/3/4/5/6/Dockerfile}}}";
    let tree = Tree::outside_git(&[
        ("x/1/2/3/4/5/6/Dockerfile", ""),
        ("x/compose.yaml", compose),
        ("y/repo/Dockerfile", ""),
        ("y/repo/.git/HEAD", ""),
        ("y/compose.yaml", "services: {a: {build: {context: ., dockerfile: repo/Dockerfile}}}"),
    ]);
    assert_eq!(tree.only(&["x/1/2/3/4/5/6/Dockerfile"]).context_origin, ContextOrigin::Folder);
    assert_eq!(tree.only(&["y/repo/Dockerfile"]).context_origin, ContextOrigin::Folder);
    assert!(matches!(tree.only(&["x"]).context_origin, ContextOrigin::Named(_)));
}

#[test]
fn build_files_that_cannot_be_used_are_warnings_with_a_line() {
    let large = format!("services: {{}} # build\n{}", " ".repeat(1 << 20));
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        ("a/compose.yaml", "services:\n  a:\n    build: [hunter2\n"),
        ("b/docker-bake.hcl", "target \"a\" {\n  context = \"hunter2\" \"b\"\n}\n"),
        ("c/docker-bake.json", "{\n\"target\": hunter2}"),
        ("d/compose.yaml", &large),
    ]);
    fs::write(tree.path("a/docker-compose.yml"), b"build: \xff\xfe").unwrap();
    let discovery = tree.discover(&["."]);
    assert_eq!(tree.names(&discovery), ["Dockerfile"]);
    let shown: Vec<_> = discovery
        .problems
        .iter()
        .map(|problem| (tree.short(&problem.path), problem.line.is_some(), problem.kind))
        .collect();
    assert_eq!(
        shown,
        [
            ("a/compose.yaml".into(), true, ProblemKind::BuildFileMalformed),
            ("a/docker-compose.yml".into(), false, ProblemKind::BuildFileUnreadable),
            ("b/docker-bake.hcl".into(), true, ProblemKind::BuildFileMalformed),
            ("c/docker-bake.json".into(), true, ProblemKind::BuildFileMalformed),
            ("d/compose.yaml".into(), false, ProblemKind::BuildFileUnreadable),
        ]
    );
    for problem in &discovery.problems {
        let message = problem.to_string();
        assert!(!problem.kind.is_error() && !message.contains("hunter2"), "{message}");
    }
    assert!(discovery.problems[2].to_string().contains("docker-bake.hcl:2: "), "{}", discovery.problems[2]);
}

#[test]
fn target_is_added_to_what_build_files_say() {
    let tree = Tree::new(&[
        ("Dockerfile", ""),
        ("compose.yaml", "services: {a: {build: {context: ., target: web}}}"),
    ]);
    let options = Options { target: Some("test".into()), ..Options::default() };
    let candidate = tree.discover_with(&["."], &options).candidates.remove(0);
    assert_eq!(candidate.setup.targets, ["test".into(), "web".into()].into());
    assert!(candidate.setup.sources.contains("--target"));
}

#[test]
fn relative_inputs_keep_their_spelling() {
    // Tests run in the folder of the package; only paths that exist there are used.
    let discovery = discover(&[Input::Path("./src/lib.rs".into())], &Options::default());
    assert_eq!(discovery.candidates[0].path(), Some(Path::new("src/lib.rs")));
    assert_eq!(discovery.candidates[0].context.as_deref(), Some(Path::new("src")));
    let discovery = discover(&[Input::Path("./Cargo.toml".into())], &Options::default());
    assert_eq!(discovery.candidates[0].context.as_deref(), Some(Path::new(".")));
}

/// Ten thousand files in a thousand folders. The limit is generous: tests run without optimisation on busy machines.
#[test]
fn a_large_tree_is_walked_quickly() {
    let tree = Tree::new(&[("Dockerfile", "")]);
    for folder in 0..1_000 {
        let folder = tree.path(&format!("{}/{folder}", folder % 10));
        fs::create_dir_all(&folder).unwrap();
        for name in ["Dockerfile", "a.go", "b.go", "c.go", "d.go", "e.go", "f.go", "g.go", "h.go", "i.go"] {
            fs::write(folder.join(name), "").unwrap();
        }
    }
    let start = std::time::Instant::now();
    let discovery = tree.discover(&["."]);
    let elapsed = start.elapsed();
    println!("10,000 files, 1,001 Dockerfiles: {elapsed:?}");
    assert_eq!(discovery.candidates.len(), 1_001);
    assert!(discovery.candidates.is_sorted_by(|a, b| a.source < b.source));
    assert!(elapsed.as_secs() < 5, "{elapsed:?}");
}

/// Real projects, whose contexts the corpus lists. Without the corpus this says so and passes.
#[test]
fn corpus_of_applications() {
    let corpus = std::env::var_os("HARDEN_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from);
    let Ok(table) = fs::read_to_string(corpus.join("apps.tsv")) else {
        println!("skipped: no corpus at {}", corpus.display());
        return;
    };
    let discovery = discover(&[Input::Path(corpus.join("apps"))], &Options::default());
    assert_eq!(discovery.problems, []);
    let found: BTreeMap<_, _> = discovery
        .candidates
        .iter()
        .map(|each| (fs::canonicalize(each.path().unwrap()).unwrap(), each.context.as_deref().unwrap()))
        .collect();
    let mut checked = 0;
    for row in table.lines().skip(1) {
        let columns: Vec<_> = row.split('\t').collect();
        let app = corpus.join("apps").join(columns[0]);
        for pair in columns[7].split(' ') {
            let (dockerfile, context) = pair.rsplit_once('@').unwrap();
            let Ok(dockerfile) = fs::canonicalize(app.join(dockerfile)) else { continue };
            let found = fs::canonicalize(found[&dockerfile]).unwrap();
            assert_eq!(found, fs::canonicalize(app.join(context)).unwrap(), "{}", dockerfile.display());
            checked += 1;
        }
    }
    assert_eq!(checked, discovery.candidates.len());
    let named = |each: &&Candidate| matches!(each.context_origin, ContextOrigin::Named(_));
    let named = discovery.candidates.iter().filter(named).count();
    assert!(named >= 10, "{named} of {checked} named by a build file");
}
