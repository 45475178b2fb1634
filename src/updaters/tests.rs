use super::*;

const DOCKER: &str = "version: 2\nupdates:\n  - package-ecosystem: docker\n    directory: /\n";

/// A repository with these files.
fn repository(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    fs::create_dir(root.join(".git")).unwrap();
    for (name, text) in files.iter().chain(&[("Dockerfile", ""), ("services/web/Dockerfile", "")]) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (dir, root)
}

fn updater(files: &[(&str, &str)], dockerfile: &str) -> Updater {
    let (_dir, root) = repository(files);
    let found = Updaters::default().of(&root.join(dockerfile));
    let shorten = |path: PathBuf| path.strip_prefix(&root).map(Path::to_path_buf).unwrap_or(path);
    match found {
        Updater::Dependabot(path) => Updater::Dependabot(shorten(path)),
        Updater::Renovate(path) => Updater::Renovate(shorten(path)),
        Updater::Other(path) => Updater::Other(shorten(path)),
        Updater::Unclear { path, why } => Updater::Unclear { path: shorten(path), why },
        Updater::Missing(missing) => Updater::Missing(Missing {
            root: PathBuf::new(),
            dependabot: missing.dependabot.map(shorten),
            ..missing
        }),
        Updater::NoRepository => Updater::NoRepository,
    }
}

fn missing(folder: &str, dependabot: Option<&str>) -> Updater {
    Updater::Missing(Missing {
        root: PathBuf::new(),
        folder: folder.to_owned(),
        dependabot: dependabot.map(PathBuf::from),
    })
}

#[test]
fn the_bot_that_covers_the_folder_is_found() {
    let web = "services/web/Dockerfile";
    for name in [".github/dependabot.yml", ".github/dependabot.yaml"] {
        let files = [(name, DOCKER)];
        assert_eq!(updater(&files, "Dockerfile"), Updater::Dependabot(name.into()));
        assert_eq!(updater(&files, web), missing("/services/web", Some(name)));
    }
    for name in renovate::FILES {
        let text = if *name == "package.json" { r#"{"renovate": {}}"# } else { "{}" };
        assert_eq!(updater(&[(name, text)], web), Updater::Renovate(name.into()), "{name}");
    }
    assert_eq!(updater(&[("package.json", "{}")], web), missing("/services/web", None));
    assert_eq!(updater(&[], "Dockerfile"), missing("/", None));
    let both = [(".github/dependabot.yml", DOCKER), ("renovate.json", "{}")];
    assert_eq!(updater(&both, web), Updater::Renovate("renovate.json".into()));
    assert_eq!(updater(&both, "Dockerfile"), Updater::Dependabot(".github/dependabot.yml".into()));
    let elsewhere = [("services/web/renovate.json", "{}")];
    assert_eq!(updater(&elsewhere, web), missing("/services/web", None), "bots read the root only");
    let shadowed = [("renovate.json", r#"{"enabled": false}"#), (".renovaterc", "{}")];
    assert_eq!(updater(&shadowed, web), missing("/services/web", None), "the first file counts");
}

#[test]
fn files_that_cannot_be_understood_are_unclear() {
    let web = "services/web/Dockerfile";
    let large = " ".repeat(usize::try_from(MAX_BYTES).unwrap() + 1);
    for (text, expected) in
        [("updates: [", "it cannot be parsed"), ("a: 1", "no list of `updates`"), (&large, "1 MiB")]
    {
        let found = updater(&[(".github/dependabot.yml", text)], web);
        let Updater::Unclear { path, why } = found else { panic!("{found:?}") };
        assert_eq!(path, Path::new(".github/dependabot.yml"));
        assert!(why.contains(expected), "{why}");
    }
    let found = updater(&[("renovate.json", "{")], web);
    assert!(matches!(&found, Updater::Unclear { .. }), "{found:?}");
    let saved = updater(&[(".github/dependabot.yml", "updates: ["), ("renovate.json", "{}")], web);
    assert_eq!(saved, Updater::Renovate("renovate.json".into()));
}

#[test]
fn other_tools_are_seen() {
    for (name, text, seen) in [
        ("updatecli.d/docker.yaml", "", true),
        (".github/workflows/a.yml", "jobs:\n  - uses: chainguard-dev/digestabot@v1.2", true),
        (".github/workflows/a.yaml", "      - name: x\n        uses: 'renovatebot/github-action@v40'", true),
        (".github/workflows/a.yml", "# - uses: chainguard-dev/digestabot@v1.2", false),
        (".github/workflows/a.txt", "uses: chainguard-dev/digestabot@v1.2", false),
        (".github/workflows/a.yml", "uses: actions/checkout@v4", false),
    ] {
        let found = updater(&[(name, text)], "Dockerfile");
        assert_eq!(matches!(found, Updater::Other(_)), seen, "{name}: {text}: {found:?}");
    }
}

#[test]
fn the_nearest_repository_counts_and_without_one_nothing_is_expected() {
    let (_dir, root) =
        repository(&[(".github/dependabot.yml", DOCKER), ("services/web/.git", "gitdir: ../..")]);
    let found = Updaters::default().of(&root.join("services/web/Dockerfile"));
    let inner = Missing { root: root.join("services/web"), folder: "/".to_owned(), dependabot: None };
    assert_eq!(found, Updater::Missing(inner), "a submodule or work tree has a file `.git`");

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Dockerfile"), "").unwrap();
    assert_eq!(Updaters::default().of(&dir.path().join("Dockerfile")), Updater::NoRepository);
    assert_eq!(Updaters::default().of(Path::new("/no/such/folder/Dockerfile")), Updater::NoRepository);
}

#[test]
fn files_are_read_once() {
    let (_dir, root) = repository(&[("renovate.json", "{}")]);
    let updaters = Updaters::default();
    updaters.of(&root.join("Dockerfile"));
    fs::remove_file(root.join("renovate.json")).unwrap();
    assert_eq!(
        updaters.of(&root.join("services/web/Dockerfile")),
        Updater::Renovate(root.join("renovate.json"))
    );
}

#[test]
fn the_lines_of_a_note_make_dependabot_cover_the_folders() {
    let (_dir, root) = repository(&[("odd \"name\"/Dockerfile", "")]);
    let dockerfiles = ["Dockerfile", "services/web/Dockerfile", "odd \"name\"/Dockerfile"];
    let all = |updaters: &Updaters| dockerfiles.map(|path| updaters.of(&root.join(path)));
    let found = notes(&all(&Updaters::default()));
    let [note] = &found[..] else { panic!("{found:?}") };
    assert_eq!(note.path, root.join(".github/dependabot.yml"));
    assert!(note.message.contains("3 folders") && note.message.contains("new file"), "{}", note.message);
    fs::create_dir(root.join(".github")).unwrap();
    fs::write(&note.path, note.lines.as_deref().unwrap()).unwrap();
    let after = all(&Updaters::default());
    assert!(after.iter().all(|one| matches!(one, Updater::Dependabot(_))), "{after:?}");
    assert_eq!(notes(&after), []);
}

#[test]
fn the_lines_fit_under_the_updates_of_an_existing_file() {
    let (_dir, root) = repository(&[(".github/dependabot.yml", DOCKER)]);
    let web = root.join("services/web/Dockerfile");
    let found = notes(&[Updaters::default().of(&web)]);
    let lines = found[0].lines.as_deref().unwrap();
    assert_eq!(
        lines,
        "  - package-ecosystem: \"docker\"\n    directories:\n      - \"/services/web\"\n    schedule:\n      \
         interval: \"weekly\"\n"
    );
    fs::write(&found[0].path, format!("{DOCKER}{lines}")).unwrap();
    assert!(matches!(Updaters::default().of(&web), Updater::Dependabot(_)));
}

#[test]
fn many_folders_become_one_pattern_and_repositories_have_a_note_each() {
    let missing = |root: &str, folder: String| {
        Updater::Missing(Missing { root: PathBuf::from(root), folder, dependabot: None })
    };
    let mut all: Vec<_> = (0..30).map(|number| missing("/one", format!("/service-{number}"))).collect();
    all.push(missing("/two", "/".to_owned()));
    all.push(Updater::Unclear {
        path: PathBuf::from("/three/renovate.json"),
        why: "it is no JSON".to_owned(),
    });
    all.push(Updater::Unclear {
        path: PathBuf::from("/three/renovate.json"),
        why: "it is no JSON".to_owned(),
    });
    let found = notes(&all);
    assert_eq!(found.len(), 3);
    let lines = |index: usize| found[index].lines.clone().unwrap_or_default();
    assert!(lines(0).contains("      - \"**/*\"\n") && !lines(0).contains("service-1"), "{}", lines(0));
    assert!(lines(2).contains("      - \"/\"\n"));
    assert_eq!(found[1].lines, None);
}
