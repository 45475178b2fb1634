//! Words that reports and notes share.

use std::borrow::Cow;

use harden_core::SecretSource;
use harden_core::redact::mask_text;

use crate::output::visible;

/// A name, path or pattern out of a Dockerfile, fit to be printed: one line, without secrets and control characters.
pub(crate) fn clean(text: &str) -> String {
    visible(&mask_text(text)).into_owned()
}

/// One word for a POSIX shell.
pub(crate) fn shell_word(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@%,=:".contains(&byte);
    // A tilde is expanded only where it begins a word, and there it is meant.
    let rest = text.strip_prefix("~/").unwrap_or(text);
    if !rest.is_empty() && rest.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// The value of `--secret` of the build command (Docker documentation, "docker buildx build").
pub(crate) fn secret_option(id: &str, source: &SecretSource) -> String {
    match source {
        SecretSource::Variable(name) => format!("id={id},env={name}"),
        SecretSource::File(path) => format!("id={id},src={path}"),
    }
}

/// A source as seen from another folder: files are in the build context, which is at `context` there.
pub(crate) fn source_from(source: &SecretSource, context: Option<&str>) -> SecretSource {
    match (source, context) {
        (SecretSource::File(path), context) => {
            // COPY takes what is written with a slash from the root of the context too.
            let path = path.trim_start_matches("./").trim_start_matches('/');
            SecretSource::File(match context.filter(|context| *context != ".") {
                Some(context) => format!("{context}/{path}"),
                None => path.to_owned(),
            })
        }
        (SecretSource::Variable(_), _) => source.clone(),
    }
}

/// Gives everything in a volume or bound folder to a user. busybox does it, since the image itself may have no `chown`;
/// inside a container, because ids on the host are others with user namespaces.
pub(crate) fn chown_command(from: &str, path: &str, owner: &str) -> String {
    let (from, path) = (shell_word(from), shell_word(path));
    format!("docker run --rm -v {from}:{path} busybox chown -R {owner} {path}")
}

/// Whether the source of a mount is a folder. Names of volumes have no slash and begin with a letter or digit (Docker
/// Engine API, "Create a volume").
pub(crate) fn is_folder(source: &str) -> bool {
    source.starts_with(['.', '~']) || source.contains(['/', '\\'])
}

/// A name that stands for this text where only lower case letters, digits and dashes are allowed, as in Kubernetes (RFC
/// 1123 labels, at most 60 of 63 bytes, so that a number can follow). Empty when nothing is left.
pub(crate) fn label(text: &str) -> String {
    let mut label = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            label.push(char::from(byte.to_ascii_lowercase()));
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
        if label.len() == 60 {
            break;
        }
    }
    label.truncate(label.trim_end_matches('-').len());
    label
}

/// A scalar of YAML that is read as this text by versions 1.1 and 1.2: plain where nothing else could be meant, else
/// in double quotes, where JSON's escapes count.
pub(crate) fn yaml(text: &str) -> String {
    let first = text.bytes().next().unwrap_or(b' ');
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let keyword = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
    );
    let begins = first.is_ascii_alphabetic() || first == b'/';
    if begins && text.bytes().all(inner) && !keyword {
        return text.to_owned();
    }
    quoted(text)
}

/// A string of JSON, and so of YAML and HCL. In HCL `${` and `%{` begin a template.
pub(crate) fn quoted(text: &str) -> String {
    // A string always serializes.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_words_are_read_back() {
        for text in ["/data", "a b", "it's", "$HOME;x", "", "~/x", "-v", "a\"b", "*"] {
            let script = harden_core::shell::read(&format!("echo {}", shell_word(text)));
            assert!(script.complete, "{text}");
            let words: Vec<_> = script.commands.iter().flat_map(|one| &one.words).collect();
            assert_eq!(words.len(), 2, "{text}");
            assert_eq!(words[1].text, text);
        }
    }

    #[test]
    fn yaml_scalars_are_read_back() {
        for text in
            ["/data", "a b", "no", "1e3", "10:20", "~", "", "a: b", "#x", "<image>", "é", "0755", ".env"]
        {
            let value: serde_json::Value = serde_saphyr::from_str(&format!("x: {}\n", yaml(text))).unwrap();
            assert_eq!(value["x"], text);
        }
        assert_eq!((yaml("web").as_str(), yaml("8080").as_str()), ("web", "\"8080\""));
    }

    #[test]
    fn labels_have_letters_digits_and_dashes() {
        assert_eq!(label("/var/lib/My_App/"), "var-lib-my-app");
        assert_eq!(label("$()"), "");
        assert_eq!(label(&"ab-".repeat(60)).len(), 59);
    }
}
