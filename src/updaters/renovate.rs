//! Renovate's file (Renovate Docs, "Configuration Options").

use globset::{Glob, GlobMatcher};

use crate::discover::Value;

/// Where it may be, in the order in which Renovate looks (`lib/config/app-strings.ts`).
pub(super) const FILES: &[&str] = &[
    "renovate.json",
    "renovate.jsonc",
    "renovate.json5",
    ".github/renovate.json",
    ".github/renovate.jsonc",
    ".github/renovate.json5",
    ".gitlab/renovate.json",
    ".gitlab/renovate.jsonc",
    ".gitlab/renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".renovaterc.jsonc",
    ".renovaterc.json5",
    PACKAGE,
];
const PACKAGE: &str = "package.json";

/// Presets that bring `:ignoreModulesAndTests` with them.
const RECOMMENDED: [&str; 5] =
    ["config:recommended", "config:base", "config:best-practices", "config:js-app", ":ignoreModulesAndTests"];
/// Folders that preset ignores.
const MODULES_AND_TESTS: [&str; 8] =
    ["node_modules", "bower_components", "vendor", "examples", "__tests__", "test", "tests", "__fixtures__"];

/// What Renovate does about Dockerfiles, as far as its own file says.
#[derive(Debug)]
pub(super) struct Renovate {
    enabled: bool,
    ignored: Vec<PathPattern>,
    /// Empty: all.
    included: Vec<PathPattern>,
    ignores_tests: bool,
}

#[derive(Debug)]
struct PathPattern {
    text: String,
    glob: Option<GlobMatcher>,
}

/// Reads a file; `None` when it is a `package.json` that does not speak of Renovate. The error says why it cannot be
/// understood.
pub(super) fn parse(text: &str, name: &str) -> Option<Result<Renovate, String>> {
    let value = match json5::from_str::<Value>(text) {
        Ok(value @ Value::Map(_)) => value,
        // That is for others to complain about.
        _ if name == PACKAGE => return None,
        Ok(_) => return Some(Err("it holds no object".to_owned())),
        Err(error) => {
            let line = error.position().map(|place| format!(" (line {})", place.line + 1));
            return Some(Err(format!("it is no JSON{}", line.unwrap_or_default())));
        }
    };
    if name == PACKAGE {
        return value.get("renovate").map(|value| Ok(read(value)));
    }
    Some(Ok(read(&value)))
}

fn read(config: &Value) -> Renovate {
    let extends = strings(config, "extends");
    let managers = strings(config, "enabledManagers");
    // A custom manager may match anything, Dockerfiles included.
    let is_listed =
        managers.iter().any(|name| name == "dockerfile" || name == "regex" || name.starts_with("custom."));
    let is_off = |key: &str| config.get(key).is_some_and(|section| flag(section, "enabled") == Some(false));
    let enabled = flag(config, "enabled") != Some(false)
        && (managers.is_empty() || is_listed)
        && !is_off("dockerfile")
        && !is_off("docker")
        && !extends.iter().any(|preset| preset == "docker:disable" || preset == ":disableRenovate")
        && rules(config);
    Renovate {
        enabled,
        ignored: patterns(config, "ignorePaths"),
        included: patterns(config, "includePaths"),
        // A list in the file replaces that of the preset.
        ignores_tests: config.get("ignorePaths").is_none()
            && extends.iter().any(|preset| RECOMMENDED.contains(&preset.as_str())),
    }
}

/// What the last of the `packageRules` says that is about all of Docker and nothing else.
fn rules(config: &Value) -> bool {
    let mut enabled = true;
    for rule in config.get("packageRules").map(Value::items).unwrap_or_default() {
        let conditions =
            rule.entries().iter().filter(|(key, _)| key.starts_with("match") || key.starts_with("exclude"));
        let holds = |key: &str, wanted: &str| strings(rule, key).iter().any(|one| one == wanted);
        let mut conditions = conditions.map(|(key, _)| key.as_str()).peekable();
        let is_for_docker = conditions.peek().is_some()
            && conditions.all(|key| match key {
                "matchManagers" => holds(key, "dockerfile"),
                "matchDatasources" => holds(key, "docker"),
                _ => false,
            });
        if is_for_docker {
            enabled = flag(rule, "enabled").unwrap_or(enabled);
        }
    }
    enabled
}

fn flag(section: &Value, key: &str) -> Option<bool> {
    section.get(key)?.text().certain()?.parse().ok()
}

fn strings(section: &Value, key: &str) -> Vec<String> {
    let items = section.get(key).map(Value::items).unwrap_or_default();
    items.iter().filter_map(|item| item.text().certain().map(str::to_owned)).collect()
}

fn patterns(config: &Value, key: &str) -> Vec<PathPattern> {
    let read = |text: String| {
        let glob = Glob::new(&text).ok().map(|glob| glob.compile_matcher());
        PathPattern { text, glob }
    };
    strings(config, key).into_iter().take(1000).map(read).collect()
}

impl PathPattern {
    fn matches(&self, path: &str) -> bool {
        self.glob.as_ref().is_some_and(|glob| glob.is_match(path))
    }
}

impl Renovate {
    /// Whether the Dockerfile with this path is updated.
    pub(super) fn covers(&self, path: &str) -> bool {
        // Renovate also takes an ignored path for a part of the name.
        let ignored = self.ignored.iter().any(|one| path.contains(&one.text) || one.matches(path));
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        let is_test =
            self.ignores_tests && folders.split('/').any(|folder| MODULES_AND_TESTS.contains(&folder));
        let included =
            self.included.is_empty() || self.included.iter().any(|one| one.text == path || one.matches(path));
        self.enabled && !ignored && !is_test && included
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(text: &str, path: &str) -> bool {
        parse(text, "renovate.json").unwrap().unwrap_or_else(|why| panic!("{text}: {why}")).covers(path)
    }

    #[test]
    fn dockerfiles_are_updated_unless_something_says_no() {
        for text in [
            "{}",
            r#"{"extends": ["config:recommended"]}"#,
            "// comment\n{extends: ['local>org/renovate-config',], /* and */ enabled: true}",
            r#"{"enabledManagers": ["npm", "dockerfile"]}"#,
            r#"{"enabledManagers": ["custom.regex"]}"#,
            r#"{"packageRules": [{"matchManagers": ["npm"], "enabled": false}]}"#,
            r#"{"packageRules": [{"matchManagers": ["dockerfile"], "matchPackageNames": ["node"], "enabled": false}]}"#,
            r#"{"packageRules": [{"matchDatasources": ["docker"], "enabled": false}, {"matchManagers": ["dockerfile"], "enabled": true}]}"#,
            r#"{"packageRules": [{"enabled": false}]}"#,
            r#"{"dockerfile": {"fileMatch": ["x"]}, "npm": {"enabled": false}}"#,
        ] {
            assert!(covers(text, "web/Dockerfile"), "{text}");
        }
        for text in [
            r#"{"enabled": false}"#,
            "{enabled:false}",
            r#"{"enabledManagers": ["npm"]}"#,
            r#"{"dockerfile": {"enabled": false}}"#,
            r#"{"docker": {"enabled": false}}"#,
            r#"{"extends": ["docker:disable"]}"#,
            r#"{"packageRules": [{"matchManagers": ["dockerfile", "npm"], "enabled": false}]}"#,
            r#"{"packageRules": [{"matchDatasources": ["docker"], "enabled": false}]}"#,
        ] {
            assert!(!covers(text, "web/Dockerfile"), "{text}");
        }
    }

    #[test]
    fn paths_are_left_out() {
        for (text, path, expected) in [
            (r#"{"ignorePaths": ["old/"]}"#, "docker/old/Dockerfile", false),
            (r#"{"ignorePaths": ["**/old/**"]}"#, "docker/old/Dockerfile", false),
            (r#"{"ignorePaths": ["**/old/**"]}"#, "docker/new/Dockerfile", true),
            (r#"{"includePaths": ["docker/**"]}"#, "docker/new/Dockerfile", true),
            (r#"{"includePaths": ["docker/**"]}"#, "Dockerfile", false),
            (r#"{"extends": ["config:recommended"]}"#, "a/test/Dockerfile", false),
            (r#"{"extends": ["config:recommended"], "ignorePaths": []}"#, "a/test/Dockerfile", true),
            (r#"{"extends": ["config:recommended"]}"#, "test", true),
            ("{}", "a/test/Dockerfile", true),
        ] {
            assert_eq!(covers(text, path), expected, "{text} and {path}");
        }
    }

    #[test]
    fn a_package_counts_when_it_speaks_of_renovate() {
        assert!(parse(r#"{"name": "x"}"#, PACKAGE).is_none());
        assert!(parse("{", PACKAGE).is_none());
        assert!(parse(r#"{"renovate": {}}"#, PACKAGE).unwrap().unwrap().covers("Dockerfile"));
        assert!(
            !parse(r#"{"renovate": {"enabled": false}}"#, PACKAGE).unwrap().unwrap().covers("Dockerfile")
        );
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let deep = "[".repeat(1 << 20);
        for text in ["", "{", "[]", "1", "{\"a\": hunter2}", &deep, &"{a:".repeat(100_000)] {
            let why = parse(text, "renovate.json").unwrap().map(|_| ()).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
        assert!(parse("{\n\n  a: }", "renovate.json").unwrap().unwrap_err().contains("line 3"));
    }
}
