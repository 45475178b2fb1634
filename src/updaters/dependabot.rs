//! Dependabot's file (GitHub Docs, "Dependabot options reference").

use globset::{GlobBuilder, GlobMatcher};

use crate::discover::{Value, parse_yaml};

/// Where it is.
pub(super) const FILES: &[&str] = &[".github/dependabot.yml", ".github/dependabot.yaml"];
/// Folders and patterns that are read at most.
const MAX_FOLDERS: usize = 1000;

/// What Dependabot does about Dockerfiles.
#[derive(Debug, Default)]
pub(super) struct Dependabot {
    folders: Vec<Folder>,
}

#[derive(Debug)]
enum Folder {
    Exact(String),
    Pattern(GlobMatcher),
}

/// Reads the file; the error says why it cannot be understood.
pub(super) fn parse(text: &str) -> Result<Dependabot, String> {
    let documents = parse_yaml(text).map_err(|error| match error.line {
        Some(line) => format!("it cannot be parsed (line {line}: {})", error.reason),
        None => format!("it cannot be parsed ({})", error.reason),
    })?;
    let updates = documents.first().and_then(|document| document.get("updates"));
    let Some(Value::List(updates)) = updates else { return Err("it has no list of `updates`".to_owned()) };
    let mut folders = Vec::new();
    for update in updates.iter().filter(|update| is_for_docker(update)) {
        let string = |value: &Value| value.text().certain().map(str::to_owned);
        folders.extend(
            update.get("directory").and_then(string).map(|folder| Folder::Exact(plain(&folder).to_owned())),
        );
        let listed = update.get("directories").map(Value::items).unwrap_or_default();
        folders.extend(listed.iter().filter_map(string).filter_map(|folder| Folder::parse(&folder)));
        if folders.len() > MAX_FOLDERS {
            return Err("it names too many folders".to_owned());
        }
    }
    Ok(Dependabot { folders })
}

/// Whether an entry updates Dockerfiles. The ecosystem `docker-compose` is about compose files only, and a limit of 0
/// switches version updates off.
fn is_for_docker(update: &Value) -> bool {
    let text = |key: &str| update.get(key).map(Value::text);
    let is = |key: &str, wanted: &str| text(key).is_some_and(|text| text.certain() == Some(wanted));
    is("package-ecosystem", "docker") && !is("open-pull-requests-limit", "0")
}

/// Without the slashes around it and without `./`: the root of the repository is the empty text.
fn plain(folder: &str) -> &str {
    let folder = folder.trim_start_matches('/');
    let folder = folder.strip_prefix("./").unwrap_or(folder).trim_end_matches('/');
    if folder == "." { "" } else { folder }
}

impl Folder {
    /// An entry of `directories`. Dependabot expands it with Ruby's `Dir.glob` and `FNM_DOTMATCH` (dependabot-core,
    /// `file_fetcher_command.rb`): `**` means any depth only as a component that others follow, and `*` also matches
    /// the folder itself, as `.`.
    fn parse(text: &str) -> Option<Self> {
        if !text.contains(['*', '?', '[', '{']) {
            return Some(Self::Exact(plain(text).to_owned()));
        }
        let any_depth = text.ends_with("**/");
        let folder = plain(text);
        let pattern = match folder.strip_suffix("**") {
            Some(before) if any_depth => format!("{before}**/*"),
            Some(before) => format!("{before}*"),
            None => folder.to_owned(),
        };
        let glob = GlobBuilder::new(&pattern).literal_separator(true).build().ok()?;
        Some(Self::Pattern(glob.compile_matcher()))
    }

    fn covers(&self, folder: &str) -> bool {
        match self {
            Self::Exact(known) => known == folder,
            Self::Pattern(pattern) => {
                let itself = if folder.is_empty() { ".".to_owned() } else { format!("{folder}/.") };
                pattern.is_match(folder) || pattern.is_match(itself)
            }
        }
    }
}

impl Dependabot {
    /// Whether the Dockerfiles directly in this folder are updated; the root is the empty text.
    pub(super) fn covers(&self, folder: &str) -> bool {
        self.folders.iter().any(|known| known.covers(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(update: &str, folder: &str) -> bool {
        let text = format!("version: 2\nupdates:\n  - package-ecosystem: docker\n    {update}\n");
        parse(&text).unwrap_or_else(|why| panic!("{update}: {why}")).covers(folder)
    }

    #[test]
    fn folders_are_exact() {
        for (update, folder, expected) in [
            ("directory: /", "", true),
            ("directory: /", "web", false),
            ("directory: \"/services/web/\"", "services/web", true),
            ("directory: ./services/web", "services/web", true),
            ("directory: services/web", "services/web", true),
            ("directory: /services", "services/web", false),
            ("directory: \"/services/*\"", "services/web", false),
            ("directories: [/, /web]", "web", true),
            ("directories:\n      - /a\n      - /b", "b", true),
            ("directories: [/, /web]", "api", false),
            ("schedule: {interval: daily}", "", false),
        ] {
            assert_eq!(covers(update, folder), expected, "{update} and /{folder}");
        }
    }

    #[test]
    fn patterns_are_those_of_ruby() {
        for (pattern, folder, expected) in [
            ("/services/*", "services/web", true),
            ("/services/*", "services/web/deep", false),
            ("/services/*", "services", true),
            ("/services/**", "services/web/deep", false),
            ("/services/**/*", "services/web/deep", true),
            ("/services/**/*", "services/web", true),
            ("/services/**/", "services/web/deep", true),
            ("**/*", "a/b/c", true),
            ("**/*", "", true),
            ("/*", "", true),
            ("*", "a", true),
            ("*", "a/b", false),
            ("/app-?", "app-1", true),
            ("/{a,b}/docker", "b/docker", true),
            ("/app-[12]", "app-3", false),
            ("/**/docker", "x/y/docker", true),
        ] {
            assert_eq!(
                covers(&format!("directories: ['{pattern}']"), folder),
                expected,
                "{pattern} and /{folder}"
            );
        }
    }

    #[test]
    fn other_ecosystems_and_a_limit_of_zero_do_not_count() {
        let parsed = |text: &str| parse(text).unwrap().covers("");
        assert!(!parsed("updates: [{package-ecosystem: docker-compose, directory: /}]"));
        assert!(!parsed("updates: [{package-ecosystem: npm, directory: /}]"));
        assert!(!parsed("updates: [{package-ecosystem: docker, directory: /, open-pull-requests-limit: 0}]"));
        assert!(parsed("updates: [{package-ecosystem: docker, directory: /, open-pull-requests-limit: 5}]"));
        assert!(!parsed("version: 2\nupdates: []"));
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for text in ["", "a: [", "- a", "updates: x", "version: 1\nupdate_configs: []", "a: &a [*a"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let bomb = format!("a: &a [x,x,x,x,x,x,x,x,x,x]\n{}", {
            let names: Vec<char> = ('a'..='j').collect();
            let level = |pair: &[char]| {
                let alias = format!("*{},", pair[0]).repeat(10);
                format!("{}: &{} [{}]\n", pair[1], pair[1], alias.trim_end_matches(','))
            };
            names.windows(2).map(level).collect::<String>()
        });
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
