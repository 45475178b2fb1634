use std::fs;
use std::path::Path;

use dockerfile_syntax::Reference;
use harden_core::{Level, RuntimeStyle, StageSettings, UserSettings, UserStyle};

use super::*;

const DOCUMENT: &str = include_str!("../../docs/harden-toml.md");

fn parse(text: &str) -> Result<Config, ConfigError> {
    read::parse(text, Path::new("harden.toml"), "harden.toml")
}

fn refuse(text: &str) -> String {
    parse(text).map(|_| ()).expect_err(text).to_string()
}

fn image(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

/// A folder that looks like a repository, with these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    write(dir.path(), files);
    dir
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn the_documented_example_means_what_it_says() {
    let (_, rest) = DOCUMENT.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let config = parse(example).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.level, Some(Level::Review));
    assert_eq!((config.only.len(), &config.skip[..]), (0, &["add-to-copy".to_owned()][..]));
    assert_eq!(config.facts, [Path::new("ci/image-facts.json")]);
    assert_eq!(config.offline, Some(false));
    assert_eq!(config.notes, Some(Choice::default()), "the example shows the default");
    assert_eq!(config.mirrors()["docker.io"], "mirror.mycorp.example/hub");
    assert_eq!(config.insecure().into_iter().collect::<Vec<_>>(), ["registry.mycorp.example:5000"]);
    assert!(config.images.allows(&image("node:22")).is_ok());
    let why = config.images.allows(&image("registry.mycorp.example:5000/a/b:1")).unwrap_err();
    assert_eq!(why.code, "ignored-image");
    let own_group = UserChoice { style: Some(UserStyle::OwnGroup), recursive: Some(false) };
    assert_eq!(config.user, own_group);
    assert_eq!(config.user.settings(), UserSettings::default(), "the example shows the defaults");
    let scratch = StageChoice { runtime: Some(RuntimeStyle::Scratch) };
    assert_eq!(config.stages, scratch);
    assert_eq!(config.stages.settings(), StageSettings::default(), "the example shows the default");
    assert_eq!(config.files.len(), 1);
    assert_eq!(config.files[0].stages, StageChoice { runtime: Some(RuntimeStyle::Slim) });
    let root_group = UserChoice { style: Some(UserStyle::RootGroup), recursive: Some(true) };
    assert_eq!(config.files[0].user, root_group);
}

#[test]
fn the_documented_patterns_match_as_the_table_says() {
    let section = DOCUMENT.split("\n## ").find(|part| part.starts_with("Image patterns")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let mut checked = 0;
    let mut earlier = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        let pattern = ImagePattern::parse(&quoted(cells[0])[0]).unwrap();
        let mut inside = quoted(cells[1]);
        if cells[1].contains("all of these") {
            inside.clone_from(&earlier);
        }
        for name in &inside {
            assert!(pattern.matches(&image(name)), "{} matches {name}", pattern.as_str());
        }
        for name in quoted(cells[2]) {
            assert!(!pattern.matches(&image(&name)), "{} does not match {name}", pattern.as_str());
            checked += 1;
            earlier.push(name);
        }
        checked += inside.len();
        earlier.extend(inside);
        earlier.retain(|name| name.contains("internal-"));
    }
    assert!(checked >= 20, "{checked} names were checked");
}

#[test]
fn patterns_know_registries_tags_and_digests() {
    let digest = format!("@sha256:{}", "a".repeat(64));
    let cases = [
        ("docker.io/node", "node", true),
        ("index.docker.io/node", "docker.io/library/node", true),
        ("library/node", "node", true),
        ("library/*", "mycorp/app", false),
        ("docker.io/*", "node", true),
        ("docker.io/**", "a/b/c", true),
        ("*.io/**", "node", true),
        ("*.io/**", "ghcr.io/a/b", true),
        ("localhost/**", "localhost/app", true),
        ("localhost/**", "docker.io/localhost/app", false),
        ("*:5000/app", "host:5000/app", true),
        ("**/app", "app", true),
        ("**", "ghcr.io/a/b/c", true),
        ("a/**/z", "a/z", true),
        ("a/**/z", "a/b/c/z", true),
        ("node*", "node-slim", true),
        ("*", "node", true),
        ("*", "a/b", false),
        ("Host.example/app", "Host.example/app", true),
        ("host.example/app", "Host.example/app", false),
        ("my_host.example/*", "my_host.example/app", true),
    ];
    for (pattern, name, expected) in cases {
        let parsed = ImagePattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
        for tail in ["", ":1.2", &digest, &format!(":1.2{digest}")] {
            assert_eq!(
                parsed.matches(&image(&format!("{name}{tail}"))),
                expected,
                "{pattern} and {name}{tail}"
            );
        }
    }
}

#[test]
fn patterns_that_would_match_nothing_are_refused() {
    for (pattern, expected) in [
        ("", "empty"),
        ("node:22", "leave tags out"),
        ("node@sha256", "leave tags out"),
        ("a/b:1", "leave tags out"),
        ("localhost:5000", "host:5000/**"),
        ("ghcr.io", "`ghcr.io/**`"),
        ("mycorp/", "`mycorp/**`"),
        ("a//b", "empty component"),
        ("/a", "empty component"),
        ("MyCorp/app", "only wildcards"),
        ("mycorp/App", "lower case"),
        ("mycorp/{a,b}", "only wildcards"),
        ("mycorp/[ab]", "only wildcards"),
        ("mycorp/a**", "within one write `*`"),
    ] {
        let message = match ImagePattern::parse(pattern) {
            Err((message, help)) => format!("{message}; {help}"),
            Ok(_) if pattern == "MyCorp/app" => continue,
            Ok(_) => panic!("{pattern} is accepted"),
        };
        assert!(message.contains(expected), "{pattern}: {message}");
    }
}

#[test]
fn the_policy_says_why() {
    let config = parse("[pin-digest]\nignore = ['mycorp/*']\nonly = ['node', 'mycorp/app']").unwrap();
    assert!(config.images.allows(&image("node:22")).is_ok());
    let why = config.images.allows(&image("mycorp/app:1")).unwrap_err();
    assert_eq!(
        why.message,
        "harden.toml leaves `mycorp/app:1` alone (`mycorp/*` in `ignore` of [pin-digest])"
    );
    let why = config.images.allows(&image("redis:7")).unwrap_err();
    assert_eq!(why.message, "harden.toml leaves `redis:7` alone (not in `only` of [pin-digest])");
    assert!(ImagePolicy::default().allows(&image("redis")).is_ok());
}

#[test]
fn mistakes_are_errors_with_their_place() {
    for (text, expected) in [
        (
            "\n  levl = 'safe'",
            "harden.toml:2:3: there is no key `levl` at the top; did you mean `level`? the keys at the top are",
        ),
        ("zzz = 1", "harden.toml:1:1: there is no key `zzz` at the top; the keys at the top are `facts`"),
        ("level = 'save'", "harden.toml:1:9: there is no level `save`; did you mean `safe`? the levels are"),
        ("level = 1", "harden.toml:1:9: `level` is a number; it takes `safe`"),
        (
            "skip = ['pin-digests']",
            "harden.toml:1:9: there is no transform `pin-digests`; did you mean `pin-digest`?",
        ),
        ("skip = 'pin-digest'", "harden.toml:1:8: `skip` is a string; it takes a list of strings"),
        ("only = ['pin-digest', 7]", "harden.toml:1:23: `only` is a number"),
        ("offline = 'yes'", "harden.toml:1:11: `offline` is a string; it takes `true` or `false`"),
        ("facts = ['']", "harden.toml:1:10: a path in `facts` is empty"),
        ("pin-digest = true", "harden.toml:1:14: `pin-digest` is a boolean; it takes a table"),
        (
            "[pin-digest]\nignor = []",
            "harden.toml:2:1: there is no key `ignor` in [pin-digest]; did you mean `ignore`?",
        ),
        ("[pin-digest]\nignore = ['a:1']", "harden.toml:2:11: `a:1` has a tag"),
        (
            "[non-root-user]\nstyle = 'root_group'",
            "harden.toml:2:9: there is no style `root_group`; did you mean `root-group`? the styles are `own-group`",
        ),
        (
            "[non-root-user]\nstyle = 'openshift'",
            "harden.toml:2:9: there is no style `openshift`; write `root-group` for OpenShift",
        ),
        (
            "[non-root-user]\nstyle = true",
            "harden.toml:2:9: `style` is a boolean; it takes `own-group` or `root-group`",
        ),
        (
            "[non-root-user]\nrecursive-chown = 'no'",
            "harden.toml:2:19: `recursive-chown` is a string; it takes `true` or `false`",
        ),
        (
            "[non-root-user]\nrecursive = true",
            "harden.toml:2:1: there is no key `recursive` in [non-root-user]; did you mean `recursive-chown`?",
        ),
        ("non-root-user = 'root-group'", "harden.toml:1:17: `non-root-user` is a string; it takes a table"),
        (
            "[[files]]\npaths = ['a']\nnon-root-user.style = 'x'",
            "harden.toml:3:23: there is no style `x`; the styles are `own-group`, `root-group`",
        ),
        (
            "[multi-stage]\nruntime = 'slm'",
            "harden.toml:2:11: `runtime` cannot be `slm`; did you mean `slim`? it takes `scratch`, `distroless`, `slim`",
        ),
        (
            "[multi-stage]\nruntime = false",
            "harden.toml:2:11: `runtime` is a boolean; it takes `scratch`, `distroless` or `slim`",
        ),
        (
            "[multi-stage]\nruntimes = 'slim'",
            "harden.toml:2:1: there is no key `runtimes` in [multi-stage]; did you mean `runtime`?",
        ),
        ("multi-stage = 'slim'", "harden.toml:1:15: `multi-stage` is a string; it takes a table"),
        (
            "[[files]]\npaths = ['a']\nmulti-stage.runtime = 'x'",
            "harden.toml:3:23: `runtime` cannot be `x`; it takes `scratch`, `distroless`, `slim`",
        ),
        ("registries = 1", "harden.toml:1:14: `registries` is a number"),
        ("registries.a = 1", "harden.toml:1:16: `registries.\"a\"` is a number"),
        ("[registries.\"https://a\"]", "this is no registry; write `host` or `host:port`"),
        (
            "[registries.\"a\"]\nmirrors = 'b'",
            "harden.toml:2:1: there is no key `mirrors` in [registries.\"a\"]; did you mean `mirror`?",
        ),
        ("[registries.\"docker.io\"]\n[registries.\"index.docker.io\"]", "`docker.io` has two sections"),
        (
            "[registries.\"docker.io\"]\ninsecure = true",
            "harden.toml:2:12: Docker Hub is only asked over TLS",
        ),
        ("[files]", "harden.toml:1:1: `files` is a table; it takes a list of tables: `[[files]]`"),
        ("files = [1]", "harden.toml:1:10: `files` is a number"),
        ("[[files]]\nskip = []", "this [[files]] entry has no `paths`"),
        ("[[files]]\npaths = ['a', '../b']", "harden.toml:2:15: the path `../b` leads out of the folder"),
        ("[[files]]\npaths = ['a{']", "harden.toml:2:10: the path `a{` is no pattern"),
        ("[[files]]\npaths = ['a']\nonly = []", "there is no key `only` in [files]"),
        ("level = 'safe", "harden.toml:1:"),
        ("level = 'safe'\nlevel = 'safe'", "harden.toml:2:1: this is not TOML: duplicate key"),
        ("a = \"ü\"\nb = 1", "harden.toml:1:1: there is no key `a`"),
    ] {
        let message = refuse(text);
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}

#[test]
fn a_login_in_a_mirror_is_not_repeated() {
    for mirror in
        ["https://me:hunter2@mirror.example", "me:hunter2@mirror.example", "mirror.example/me:hunter2"]
    {
        let message = refuse(&format!("[registries.\"docker.io\"]\nmirror = '{mirror}'"));
        assert!(!message.contains("hunter2"), "{message}");
        assert!(message.contains("harden.toml:2:10: the mirror of `docker.io` is no address"), "{message}");
    }
}

#[test]
fn a_mirror_has_no_empty_component() {
    for mirror in ["mirror.example//", "mirror.example//a", "mirror.example/a//b", "/a", ""] {
        let message = refuse(&format!("[registries.a]\nmirror = '{mirror}'"));
        assert!(message.contains("the mirror of `a` is no address"), "{mirror}: {message}");
    }
}

#[test]
fn hostile_files_end() {
    let deep = format!("a = {}{}", "[".repeat(50_000), "]".repeat(50_000));
    let keys = format!("{}a = 1", "a.".repeat(50_000));
    let long = format!("skip = ['{}']", "x".repeat(500_000));
    for text in [deep, keys, long] {
        assert!(parse(&text).is_err());
    }
}

#[test]
fn registries_have_one_name() {
    let config = parse("[registries.\"Registry-1.Docker.IO\"]\nmirror = 'Mirror.Example:5000/a/b/'").unwrap();
    assert_eq!(config.mirrors()["docker.io"], "mirror.example:5000/a/b");
    assert!(config.insecure().is_empty());
}

#[test]
fn the_nearest_file_up_to_the_root_of_the_repository_counts() {
    let outer = repository(&[
        ("harden.toml", "level = 'suggest'"),
        ("inner/.git/HEAD", ""),
        ("inner/a/b/Dockerfile", ""),
    ]);
    let found = |path: &str| Config::discover(&outer.path().join(path)).unwrap().map(|config| config.level);
    assert_eq!(found("."), Some(Some(Level::Suggest)));
    assert_eq!(found("inner/a/b/Dockerfile"), None, "another repository");
    write(outer.path(), &[("inner/harden.toml", "level = 'safe'")]);
    assert_eq!(found("inner/a/b/Dockerfile"), Some(Some(Level::Safe)));
    assert_eq!(found("inner/a/b"), Some(Some(Level::Safe)));
    assert_eq!(found("inner/a/missing"), Some(Some(Level::Safe)));
    assert_eq!(found("inner"), Some(Some(Level::Safe)));
    assert_eq!(found("no/such/folder"), None);
    write(outer.path(), &[("inner/a/harden.toml", "[")]);
    let error = Config::discover(&outer.path().join("inner/a/b")).unwrap_err();
    assert!(error.path.ends_with("inner/a/harden.toml") && error.place.is_some(), "{error}");
}

#[cfg(unix)]
#[test]
fn outside_a_repository_a_file_of_another_user_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("harden.toml", "level = 'safe'"), ("mine/Dockerfile", "")]);
    let start = dir.path().join("mine");
    assert!(Config::discover(&start).unwrap().is_some(), "of the same user");
    if std::os::unix::fs::chown(dir.path().join("harden.toml"), Some(54_321), None).is_err() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    let error = Config::discover(&start).unwrap_err().to_string();
    assert!(error.contains("belongs to another user") && error.contains("--config"), "{error}");
    fs::create_dir(dir.path().join(".git")).unwrap();
    assert!(Config::discover(&start).unwrap().is_some(), "a repository is one thing");
}

#[test]
fn files_that_cannot_be_read_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str| Config::load(&dir.path().join(name)).map(|_| ()).unwrap_err().to_string();
    fs::write(dir.path().join("latin"), b"# \xe9").unwrap();
    fs::write(dir.path().join("large"), vec![b'#'; usize::try_from(MAX_SIZE).unwrap() + 1]).unwrap();
    assert!(load("none").contains("cannot be read (entity not found)"));
    assert!(load(".").contains("is no regular file"));
    assert!(load("latin").contains("is not UTF-8 at byte 2"));
    assert!(load("large").contains("larger than 1 MiB"));
    fs::write(dir.path().join("bom"), "\u{feff}level = 'safe'").unwrap();
    assert_eq!(Config::load(&dir.path().join("bom")).unwrap().level, Some(Level::Safe));
}

#[test]
fn facts_are_relative_to_the_file() {
    let dir =
        repository(&[("harden.toml", "facts = ['ci/facts.json', '/srv/facts.json']"), ("a/Dockerfile", "")]);
    let config = Config::load(&dir.path().join("harden.toml")).unwrap();
    assert_eq!(config.facts, [dir.path().join("ci/facts.json"), Path::new("/srv/facts.json").to_owned()]);
}

#[test]
fn entries_for_files_add_up() {
    let dir = repository(&[
        (
            "harden.toml",
            "level = 'review'\nskip = ['add-to-copy']\n\
             [[files]]\npaths = ['legacy', '**/*.dev']\nlevel = 'safe'\n\
             [[files]]\npaths = ['legacy/new/']\nlevel = 'suggest'\nskip = ['pin-digest']\n",
        ),
        ("Dockerfile", ""),
        ("legacy/a/Dockerfile", ""),
        ("legacy/new/Dockerfile", ""),
        ("web/Dockerfile.dev", ""),
        ("legacy2/Dockerfile", ""),
    ]);
    let config = Config::discover(dir.path()).unwrap().unwrap();
    let at = |path: &str| config.for_file(Some(&dir.path().join(path)));
    for (path, level, pins) in [
        ("Dockerfile", Level::Review, true),
        ("legacy/a/Dockerfile", Level::Safe, true),
        ("legacy/new/Dockerfile", Level::Suggest, false),
        ("web/Dockerfile.dev", Level::Safe, true),
        ("legacy2/Dockerfile", Level::Review, true),
        ("../elsewhere/Dockerfile", Level::Review, true),
    ] {
        assert_eq!(at(path).level(None), Some(level), "{path}");
        assert_eq!(at(path).runs("pin-digest"), pins, "{path}");
        assert!(!at(path).runs("add-to-copy"), "{path}");
    }
    assert_eq!(config.for_file(None).level(None), Some(Level::Review), "standard input");
    assert_eq!(at("Dockerfile").level(Some(Level::Suggest)), Some(Level::Suggest));
    assert_eq!(at("legacy/a/Dockerfile").level(Some(Level::Suggest)), Some(Level::Safe));
    assert_eq!(at("legacy/new/Dockerfile").level(Some(Level::Safe)), Some(Level::Safe));
    assert_eq!(FileSettings::default().level(None), None);
    assert!(FileSettings::default().runs("pin-digest"));
}

#[test]
fn the_user_is_chosen_on_the_command_line_then_for_files_then_at_the_top() {
    let dir = repository(&[
        (
            "harden.toml",
            "[non-root-user]\nstyle = 'root-group'\nrecursive-chown = true\n\
             [[files]]\npaths = ['a']\nnon-root-user.recursive-chown = false\n\
             [[files]]\npaths = ['a/b']\nnon-root-user = { style = 'own-group', recursive-chown = true }\n",
        ),
        ("Dockerfile", ""),
        ("a/Dockerfile", ""),
        ("a/b/Dockerfile", ""),
    ]);
    let config = Config::discover(dir.path()).unwrap().unwrap();
    let given = UserChoice { style: Some(UserStyle::RootGroup), recursive: None };
    for (path, style, recursive) in [
        ("Dockerfile", UserStyle::RootGroup, true),
        ("a/Dockerfile", UserStyle::RootGroup, false),
        ("a/b/Dockerfile", UserStyle::OwnGroup, true),
    ] {
        let settings = config.for_file(Some(&dir.path().join(path)));
        assert_eq!(settings.user(UserChoice::default()), UserSettings { style, recursive }, "{path}");
        let chosen = UserSettings { style: UserStyle::RootGroup, recursive };
        assert_eq!(settings.user(given), chosen, "{path}");
    }
    let stdin = config.for_file(None).user(UserChoice::default());
    assert_eq!(stdin, UserSettings { style: UserStyle::RootGroup, recursive: true });
    assert_eq!(FileSettings::default().user(UserChoice::default()), UserSettings::default());
}

#[test]
fn the_runtime_is_chosen_on_the_command_line_then_for_files_then_at_the_top() {
    let dir = repository(&[
        (
            "harden.toml",
            "[multi-stage]\nruntime = 'distroless'\n\
             [[files]]\npaths = ['a']\nmulti-stage.runtime = 'slim'\n\
             [[files]]\npaths = ['a/b']\nlevel = 'safe'\n\
             [[files]]\npaths = ['c']\nmulti-stage = { runtime = 'scratch' }\n",
        ),
        ("Dockerfile", ""),
        ("a/b/Dockerfile", ""),
        ("c/Dockerfile", ""),
    ]);
    let config = Config::discover(dir.path()).unwrap().unwrap();
    let given = StageChoice { runtime: Some(RuntimeStyle::Distroless) };
    for (path, runtime) in [
        ("Dockerfile", RuntimeStyle::Distroless),
        ("a/Dockerfile", RuntimeStyle::Slim),
        ("a/b/Dockerfile", RuntimeStyle::Slim),
        ("c/Dockerfile", RuntimeStyle::Scratch),
    ] {
        let settings = config.for_file(Some(&dir.path().join(path)));
        assert_eq!(settings.stages(StageChoice::default()).runtime, runtime, "{path}");
        assert_eq!(settings.stages(given).runtime, RuntimeStyle::Distroless, "{path}");
    }
    assert_eq!(config.for_file(None).stages(StageChoice::default()).runtime, RuntimeStyle::Distroless);
    assert_eq!(FileSettings::default().stages(StageChoice::default()), StageSettings::default());
}

#[test]
fn only_names_what_runs() {
    let config = parse("only = ['pin-digest']").unwrap();
    assert!(config.for_file(None).runs("pin-digest"));
    assert!(!config.for_file(None).runs("add-to-copy"));
}

#[test]
fn a_run_reads_each_file_once_and_keeps_repositories_apart() {
    let one = repository(&[("harden.toml", "level = 'safe'"), ("a/Dockerfile", ""), ("b/Dockerfile", "")]);
    let two = repository(&[("harden.toml", "levl = 1"), ("Dockerfile", "")]);
    let configs = Configs::default();
    let a = configs.of(&one.path().join("a/Dockerfile")).unwrap().unwrap();
    let b = configs.of(&one.path().join("b/Dockerfile")).unwrap().unwrap();
    assert!(std::sync::Arc::ptr_eq(&a, &b));
    assert!(configs.of(&two.path().join("Dockerfile")).is_err());
    let given = Configs::new(Some(parse("level = 'suggest'").unwrap()));
    assert_eq!(given.of(&two.path().join("Dockerfile")).unwrap().unwrap().level, Some(Level::Suggest));
}
