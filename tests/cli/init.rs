//! `init`: the file it writes changes nothing until somebody edits it, and shows every setting there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dockerfile_syntax::Reference;
use harden::config::{Config, SECTIONS, StageChoice, UserChoice};
use harden::notes::Choice;
use harden::setup::{SCHEMA, TEMPLATE};
use harden_core::{Level, StageSettings, UserSettings};
use toml::de::{DeTable, DeValue};

use crate::support::{Sandbox, facts, repository};

/// Every setting, as `section.key`: the one list they are read by. A registry's name is `*`.
pub(crate) fn settings() -> BTreeSet<String> {
    let mut open = vec![String::new()];
    let mut found = BTreeSet::new();
    while let Some(prefix) = open.pop() {
        let section = prefix.trim_end_matches(".*").rsplit('.').next().unwrap();
        let (_, keys) = SECTIONS.iter().find(|(name, _)| *name == section).unwrap();
        for key in *keys {
            let path = if prefix.is_empty() { (*key).to_owned() } else { format!("{prefix}.{key}") };
            match SECTIONS.iter().any(|(name, _)| name == key) {
                true if *key == "registries" => open.push(path + ".*"),
                true => open.push(path),
                false => drop(found.insert(path)),
            }
        }
    }
    found
}

/// The settings a file gives, named as in [`settings`].
fn given(text: &str) -> BTreeSet<String> {
    fn walk(prefix: &str, table: &DeTable<'_>, found: &mut BTreeSet<String>) {
        for (key, value) in table {
            let key = if prefix == "registries." { "*" } else { key.get_ref() };
            let path = format!("{prefix}{key}");
            match value.get_ref() {
                DeValue::Table(table) => walk(&format!("{path}."), table, found),
                DeValue::Array(items) if path == "files" => {
                    for item in items {
                        walk("files.", item.get_ref().as_table().unwrap(), found);
                    }
                }
                _ => drop(found.insert(path)),
            }
        }
    }
    let mut found = BTreeSet::new();
    walk("", DeTable::parse(text).unwrap().get_ref(), &mut found);
    found
}

/// The template with every setting switched on.
pub(crate) fn switched_on() -> String {
    let on = |line: &'static str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    };
    TEMPLATE.lines().map(|line| on(line).to_owned() + "\n").collect()
}

/// The first example of the page, which shows every setting.
pub(crate) fn documented() -> String {
    let page = fs::read_to_string(repository().join("docs/harden-toml.md")).unwrap();
    let (_, rest) = page.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("harden.toml");
    fs::write(&path, text).unwrap();
    Config::load(&path).unwrap()
}

#[test]
fn the_template_and_the_page_show_every_setting() {
    let settings = settings();
    assert!(settings.len() >= 19, "{settings:?}");
    assert!(settings.contains("registries.*.mirror") && settings.contains("files.multi-stage.runtime"));
    assert_eq!(given(&switched_on()), settings, "src/setup/template.toml");
    assert_eq!(given(&documented()), settings, "docs/harden-toml.md");
    assert_eq!(given(TEMPLATE), BTreeSet::new(), "nothing in it is switched on");
}

#[test]
fn every_setting_of_the_template_is_explained() {
    let lines: Vec<_> = TEMPLATE.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 120), "too wide");
    let mut explained = 0;
    for pair in lines.windows(2) {
        let is_setting =
            |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains(" = ");
        if is_setting(pair[1]) {
            assert!(pair[0].starts_with("# ") && pair[0].ends_with('.'), "no line on `{}`", pair[1]);
            explained += 1;
        }
    }
    assert_eq!(explained, settings().len());
}

/// Each setting the reader lists is one it reads: a value of a type that no setting takes is refused because of the type.
#[test]
fn every_listed_setting_is_read() {
    for setting in settings() {
        let (section, key) = setting.rsplit_once('.').unwrap_or(("", &setting));
        let text = match section.split_once('.').unwrap_or((section, "")) {
            ("", _) => format!("{key} = 1979-05-27\n"),
            ("registries", _) => format!("[registries.a]\n{key} = 1979-05-27\n"),
            ("files", "") if key == "paths" => "[[files]]\npaths = 1979-05-27\n".to_owned(),
            ("files", "") => format!("[[files]]\npaths = ['a']\n{key} = 1979-05-27\n"),
            ("files", inner) => format!("[[files]]\npaths = ['a']\n{inner}.{key} = 1979-05-27\n"),
            (section, _) => format!("[{section}]\n{key} = 1979-05-27\n"),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("harden.toml");
        fs::write(&path, &text).unwrap();
        let error = Config::load(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("`{key}` is a date; it takes")), "{text}: {error}");
    }
}

#[test]
fn the_template_means_the_defaults() {
    for text in [TEMPLATE.to_owned(), switched_on()] {
        let config = load(&text);
        assert_eq!(config.offline.unwrap_or(false), Config::default().offline.unwrap_or(false));
        assert_eq!(config.notes.unwrap_or_default(), Choice::default());
        assert_eq!(config.facts, Config::default().facts);
        for image in ["node", "mycorp/internal-app", "registry.example:5000/a/b:1"] {
            assert!(config.images.allows(&Reference::parse(image).unwrap()).is_ok(), "{image}");
        }
        let real = |host: &String| !host.split(':').next().unwrap().ends_with(".example");
        assert_eq!(config.mirrors().keys().find(|host| real(host)), None, "the examples are made up");
        assert!(config.insecure().is_empty());
        let folder = tempfile::tempdir().unwrap();
        for path in [None, Some("Dockerfile"), Some("legacy/Dockerfile"), Some("a/Dockerfile.dev")] {
            let path = path.map(|path| folder.path().join(path));
            let settings = config.for_file(path.as_deref());
            assert_eq!(settings.level(None).unwrap_or(Level::Review), Level::Review);
            assert_eq!(settings.user(UserChoice::default()), UserSettings::default());
            assert_eq!(settings.stages(StageChoice::default()), StageSettings::default());
            for transform in harden_transforms::all().iter().chain(harden_transforms::update()) {
                assert!(settings.runs(transform.meta().name), "{}", transform.meta().name);
            }
        }
    }
}

/// The whole program says and writes the same with the file and without it.
#[test]
fn a_run_with_the_template_is_a_run_without_it() {
    let facts = facts();
    let run = |text: Option<&str>| {
        let sandbox = Sandbox::tree();
        sandbox.write("legacy/Dockerfile", "FROM node:22\nADD . /app\n");
        if let Some(text) = text {
            sandbox.write("harden.toml", text);
        }
        let report = sandbox.harden(&["--facts", &facts, "--format", "json"]);
        let written = sandbox.harden(&["--facts", &facts, "--write"]);
        let files: Vec<_> =
            sandbox.files().into_iter().filter(|(path, _)| path != Path::new("harden.toml")).collect();
        (report, written, files)
    };
    let plain = run(None);
    assert_eq!(plain.0.code, Some(1), "{}", plain.0.err);
    assert_eq!(run(Some(TEMPLATE)), plain);
    assert_eq!(run(Some(&switched_on())), plain);
}

#[test]
fn it_writes_one_and_never_over_one() {
    let sandbox = Sandbox::new(&[("services/api/Dockerfile", "FROM scratch\n")]);
    let said = sandbox.harden(&["init"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, "wrote harden.toml; every setting in it is switched off\n");
    assert_eq!(sandbox.read("harden.toml"), TEMPLATE);
    sandbox
        .harden(&["init"])
        .failed_with("error: harden.toml exists and was left as it is; `harden init --stdout`");
    sandbox.write("harden.toml", "level = \"safe\"\n");
    sandbox.harden(&["init", "."]).failed_with("harden.toml exists and was left as it is");
    assert_eq!(sandbox.read("harden.toml"), "level = \"safe\"\n");
    sandbox.harden(&["init", "none"]).failed_with("the folder none does not exist; create it first");
    assert!(!sandbox.path("none").exists());
}

/// In a folder below, the new file takes the place of the one above.
#[test]
fn it_says_which_file_no_longer_counts() {
    let sandbox = Sandbox::new(&[("harden.toml", "level = \"safe\"\n"), ("services/api/Dockerfile", "")]);
    sandbox.write(".git/HEAD", "");
    let said = sandbox.harden(&["init", "services/api"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        said.err,
        "warning: harden.toml no longer counts in this folder and below it: files are not combined, so copy what is \
         to stay\n"
    );
    assert_eq!(sandbox.read("services/api/harden.toml"), TEMPLATE);
}

#[cfg(unix)]
#[test]
fn a_link_is_left_alone() {
    let sandbox = Sandbox::new(&[("elsewhere/Dockerfile", "")]);
    for target in ["elsewhere/settings.toml", "nowhere/settings.toml"] {
        std::os::unix::fs::symlink(target, sandbox.path("harden.toml")).unwrap();
        sandbox.harden(&["init"]).failed_with("harden.toml exists and was left as it is");
        assert!(!sandbox.path(target).exists(), "{target}");
        fs::remove_file(sandbox.path("harden.toml")).unwrap();
    }
}

#[test]
fn it_prints_the_file_and_the_schema() {
    let sandbox = Sandbox::new(&[("harden.toml", "")]);
    for (flag, text) in [("--stdout", TEMPLATE), ("--schema", SCHEMA)] {
        let said = sandbox.harden(&["init", flag]);
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), text, ""), "{flag}");
    }
    for arguments in
        [&["init", "--stdout", "--schema"][..], &["init", "--stdout", "a"], &["init", "--schema", "a"]]
    {
        let said = sandbox.harden(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
    }
    assert_eq!(sandbox.read("harden.toml"), "");
}
