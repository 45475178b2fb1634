//! What is read of Gradle scripts, in Groovy and Kotlin.
//!
//! A script is a program; only what stands there literally counts: plugins, assignments of texts, names that occur. The
//! reader knows comments and strings and in which blocks a name stands, nothing else.

/// Tokens of one script that are looked at.
const MAX_TOKENS: usize = 100_000;

/// One script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Script {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name, with the blocks it stands in.
    Name(String, Vec<String>),
    /// A string without variables; `None` for one with them.
    Text(Option<String>),
    Sign(char),
    Line,
}

/// A plugin a script applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Applied {
    /// `org.springframework.boot`, `application`, or the alias of a version catalog: `libs.plugins.boot`.
    pub(in super::super) id: String,
    pub(in super::super) version: Option<String>,
    /// Whether it is for the projects below: in `subprojects` or `allprojects`.
    pub(in super::super) below: bool,
}

/// Reads a script; `None` when it is longer than is looked at.
pub(in super::super) fn read(text: &str) -> Option<Script> {
    let mut tokens = Vec::new();
    let mut blocks: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if tokens.len() > MAX_TOKENS || blocks.len() > 32 {
            return None;
        }
        let after = |count: usize| rest.get(count..).unwrap_or_default();
        if first == '\n' {
            tokens.push(Token::Line);
            rest = after(1);
        } else if first.is_whitespace() || first == ';' {
            rest = after(first.len_utf8());
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |at| after(at));
        } else if rest.starts_with("/*") {
            rest = after(2).find("*/").map_or("", |at| after(at + 4));
        } else if matches!(first, '"' | '\'') {
            let (token, length) = string(rest, first);
            tokens.push(token);
            rest = after(length);
        } else if first.is_alphabetic() || matches!(first, '_' | '`') {
            let end = |ch: char| {
                !(ch.is_alphanumeric() || matches!(ch, '_' | '`' | '-' if first == '`' || ch != '-'))
            };
            let length = rest.find(end).unwrap_or(rest.len());
            let name = rest.get(..length).unwrap_or_default().trim_matches('`');
            tokens.push(Token::Name(name.to_owned(), blocks.clone()));
            rest = after(length);
        } else {
            match first {
                '{' => blocks.push(opened(&tokens)),
                '}' => drop(blocks.pop()),
                _ => {}
            }
            tokens.push(Token::Sign(first));
            rest = after(first.len_utf8());
        }
    }
    Some(Script { tokens })
}

/// A string at the beginning of a text, and its length.
fn string(text: &str, quote: char) -> (Token, usize) {
    let long: String = std::iter::repeat_n(quote, 3).collect();
    let end = if text.starts_with(&long) { long.as_str() } else { long.get(..1).unwrap_or("\"") };
    let mut at = end.len();
    let start = at;
    let mut plain = true;
    while let Some(ch) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if text.get(at..).is_some_and(|rest| rest.starts_with(end)) || (end.len() == 1 && ch == '\n') {
            break;
        }
        plain &= ch != '\\' && (ch != '$' || quote == '\'');
        at += ch.len_utf8();
        if ch == '\\' {
            at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        }
    }
    let inner = text.get(start..at).unwrap_or_default();
    let value = plain.then(|| inner.to_owned());
    (Token::Text(value), (at + end.len()).min(text.len()))
}

/// What a block that opens belongs to: the first name of its statement.
fn opened(tokens: &[Token]) -> String {
    let line = tokens.iter().rev().take_while(|token| !matches!(token, Token::Line | Token::Sign('{' | '}')));
    // Of `tasks.named("bootJar")` and `tasks.bootJar`, the task.
    let mut name = String::new();
    let mut text = None;
    for token in line {
        match token {
            Token::Name(found, _) if found != "tasks" || name.is_empty() => name.clone_from(found),
            Token::Text(Some(found)) => text = Some(found.clone()),
            _ => {}
        }
    }
    match text {
        Some(text) if matches!(name.as_str(), "tasks" | "named" | "getByName" | "register") => text,
        _ => name,
    }
}

impl Script {
    /// The text a name is given outside of all blocks: `version = "1"`, `version "1"`, `rootProject.name = "x"`.
    /// `Err` when it is given something that is no text.
    pub(in super::super) fn text(&self, name: &str) -> Option<Result<String, ()>> {
        let (object, last) = name.split_once('.').map_or((None, name), |(object, last)| (Some(object), last));
        for (at, token) in self.tokens.iter().enumerate() {
            if !matches!(token, Token::Name(found, blocks) if found == last && blocks.is_empty()) {
                continue;
            }
            let before = at.checked_sub(2).and_then(|at| self.tokens.get(at..at + 2)).unwrap_or_default();
            let is_member = before.get(1) == Some(&Token::Sign('.'));
            let of =
                |object: &str| matches!(before, [Token::Name(found, _), _] if is_member && found == object);
            if object.map_or(is_member && !of("project"), |object| !of(object)) {
                continue;
            }
            match self.tokens.get(at + 1..at + 3) {
                Some([Token::Sign('='), Token::Text(value)] | [Token::Text(value), _]) => {
                    return Some(value.clone().ok_or(()));
                }
                Some([Token::Sign('='), _]) => return Some(Err(())),
                _ => {}
            }
        }
        None
    }

    /// The text a name is given in a block: `bootJar { archiveFileName = "x" }`, `archiveFileName.set("x")`.
    pub(in super::super) fn text_in(&self, block: &str, name: &str) -> Option<&str> {
        self.tokens.iter().enumerate().find_map(|(at, token)| {
            let Token::Name(found, blocks) = token else { return None };
            if found != name || blocks.last().is_none_or(|last| last != block) {
                return None;
            }
            match self.tokens.get(at + 1..at + 5)? {
                [Token::Sign('='), Token::Text(value), ..] => value.as_deref(),
                [Token::Sign('.'), Token::Name(set, _), Token::Sign('('), Token::Text(value)]
                    if set == "set" =>
                {
                    value.as_deref()
                }
                _ => None,
            }
        })
    }

    /// Whether a name is given a value anywhere.
    pub(in super::super) fn assigns(&self, name: &str) -> bool {
        self.tokens
            .windows(2)
            .any(|pair| matches!(pair, [Token::Name(found, _), Token::Sign('=')] if found == name))
    }

    /// Whether a name occurs anywhere.
    pub(in super::super) fn names(&self, name: &str) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Name(found, _) if found == name))
    }

    /// Whether a task is switched off: `enabled = false` in its block.
    pub(in super::super) fn is_off(&self, task: &str) -> bool {
        self.tokens.iter().enumerate().any(|(at, token)| {
            let enabled = matches!(token, Token::Name(name, blocks) if name == "enabled"
                && blocks.last().is_some_and(|block| block == task));
            let member = matches!(token, Token::Name(name, _) if name == "enabled")
                && matches!(at.checked_sub(2).and_then(|at| self.tokens.get(at..at + 2)),
                    Some([Token::Name(name, _), Token::Sign('.')]) if name == task);
            let off = matches!(self.tokens.get(at + 1..at + 3),
                Some([Token::Sign('='), Token::Name(value, _)]) if value == "false");
            (enabled || member) && off
        })
    }

    /// Whether there are dependencies that a program needs when it runs.
    pub(in super::super) fn has_dependencies(&self) -> bool {
        const RUNTIME: [&str; 5] = ["implementation", "api", "runtimeOnly", "compile", "runtime"];
        self.tokens.iter().any(|token| {
            matches!(token, Token::Name(name, blocks) if RUNTIME.contains(&name.as_str())
                && blocks.iter().any(|block| block == "dependencies"))
        })
    }

    /// The plugins it applies.
    pub(in super::super) fn plugins(&self) -> Vec<Applied> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let Token::Name(name, blocks) = token else { continue };
            let line: Vec<&Token> =
                self.tokens.iter().skip(at + 1).take_while(|token| **token != Token::Line).collect();
            let in_plugins = blocks.last().is_some_and(|block| block == "plugins");
            let text = line.iter().find_map(|token| match token {
                Token::Text(Some(text)) => Some(text.clone()),
                _ => None,
            });
            let id = match name.as_str() {
                "id" if in_plugins => text,
                "alias" if in_plugins => {
                    let parts = line.iter().skip(1).map_while(|token| match token {
                        Token::Name(name, _) => Some(name.clone()),
                        Token::Sign('.') => Some(".".to_owned()),
                        _ => None,
                    });
                    Some(parts.collect())
                }
                "apply"
                    if line.iter().any(|token| matches!(token, Token::Name(name, _) if name == "plugin")) =>
                {
                    text
                }
                name if in_plugins && (line.is_empty() || line.first() == Some(&&Token::Sign('}'))) => {
                    let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
                    matches!(before, None | Some(Token::Line | Token::Sign('{'))).then(|| name.to_owned())
                }
                _ => None,
            };
            let off = line.windows(2).any(|pair| {
                matches!(pair, [Token::Name(apply, _), Token::Name(no, _)] if apply == "apply" && no == "false")
            });
            let version = line.windows(2).find_map(|pair| match pair {
                [Token::Name(name, _), Token::Text(version)] if name == "version" => version.clone(),
                _ => None,
            });
            if let Some(id) = id.filter(|_| !off) {
                let below =
                    blocks.iter().any(|block| matches!(block.as_str(), "subprojects" | "allprojects"));
                found.push(Applied { id, version, below });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        read(text).unwrap().plugins().into_iter().map(|one| one.id).collect()
    }

    #[test]
    fn plugins_of_both_languages() {
        let groovy = "plugins {\n  id 'java'\n  id 'org.springframework.boot' version '3.1.0' // boot\n  id 'x' version '1' apply false\n}\n\
                      apply plugin: 'application'\nsubprojects { apply plugin: 'war' }\n";
        assert_eq!(ids(groovy), ["java", "org.springframework.boot", "application", "war"]);
        let kotlin = "plugins {\n  application\n  `java-library`\n  kotlin(\"jvm\") version \"2.0\"\n  id(\"com.gradleup.shadow\") version \"8.3\"\n  alias(libs.plugins.ktor.server)\n}";
        assert_eq!(
            ids(kotlin),
            ["application", "java-library", "com.gradleup.shadow", "libs.plugins.ktor.server"]
        );
        let boot = read(groovy).unwrap().plugins().remove(1);
        assert_eq!((boot.version.as_deref(), boot.below), (Some("3.1.0"), false));
    }

    #[test]
    fn texts_of_names() {
        let script = read(
            "/* version = 'no' */ version = '1.0'\nrootProject.name = \"shop\"\ngroup 'demo'\njar { enabled = false }\n\
             dependencies { testImplementation 'x' }\nbootJar.enabled = false\n",
        )
        .unwrap();
        assert_eq!(script.text("version"), Some(Ok("1.0".to_owned())));
        assert_eq!(script.text("rootProject.name"), Some(Ok("shop".to_owned())));
        assert_eq!(script.text("group"), Some(Ok("demo".to_owned())));
        assert!(script.is_off("jar") && script.is_off("bootJar") && !script.is_off("shadowJar"));
        assert!(!script.has_dependencies());
        assert_eq!(read("version = \"$base\"").unwrap().text("version"), Some(Err(())));
        assert_eq!(read("version = base()").unwrap().text("version"), Some(Err(())));
        assert_eq!(read("x.version = '1'\n").unwrap().text("version"), None);
        let named =
            "bootJar { archiveFileName = 'a.jar' }\ntasks.shadowJar {\n archiveFileName.set(\"b.jar\")\n}\n";
        let named = read(named).unwrap();
        assert_eq!(named.text_in("bootJar", "archiveFileName"), Some("a.jar"));
        assert_eq!(named.text_in("shadowJar", "archiveFileName"), Some("b.jar"));
        assert_eq!(named.text_in("jar", "archiveFileName"), None);
        assert!(read("allprojects { version = '1' }").unwrap().assigns("version"));
        assert!(!read("plugins { id 'x' version '1' }").unwrap().assigns("version"));
        assert!(read("tasks.named<Jar>(\"jar\") { enabled = false }").unwrap().is_off("jar"));
    }

    #[test]
    fn hostile_scripts() {
        assert_eq!(read(&"{".repeat(100)), None);
        assert_eq!(read(&"a ".repeat(200_000)), None);
        for text in ["'", "\"\"\"", "/*", "//", "'\\", "}}}", "`", "id 'ü", "\\"] {
            assert!(read(text).is_some(), "{text}");
        }
    }
}
