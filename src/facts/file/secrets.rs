//! Takes secrets out of image configurations: what is recorded may be kept on a disk, shared and printed.

use std::sync::Arc;

use dockerfile_syntax::{Dockerfile, Span};
use harden_core::ImageConfig;
use harden_core::redact::{MASK, mask_text, secret_spans};

use super::{ConfigAnswer, RecordedFacts};

impl RecordedFacts {
    /// Replaces every value of a configuration that looks like a secret with [`MASK`]: values of `Env`, and words of
    /// `Entrypoint`, `Cmd` and the other texts. Names stay, so a transform still sees that a variable is set.
    ///
    /// To be called on what a registry said before anything uses it: then a run that asks and one that replays see the
    /// same.
    pub fn mask_secrets(&mut self) {
        for content in self.repositories.values_mut().flat_map(|repository| repository.contents.values_mut())
        {
            if let Some(ConfigAnswer::Complete(config) | ConfigAnswer::Partial(config)) = &mut content.config
                && let Some(masked) = masked(config)
            {
                *config = Arc::new(masked);
            }
        }
    }
}

/// The configuration without secrets; `None` when it has none.
fn masked(config: &ImageConfig) -> Option<ImageConfig> {
    let mut clean = config.clone();
    for (name, value) in &mut clean.env {
        // Any hit costs the whole value: what is left of a secret in several words may still be one.
        let line = format!("{name}={value}");
        let one_line = format!("{name}={}", value.split_whitespace().collect::<Vec<_>>().join(" "));
        if hides(&line) || hides(&one_line) || hides(value) {
            MASK.clone_into(value);
        }
    }
    for (keyword, words) in
        [("ENTRYPOINT", &mut clean.entrypoint), ("CMD", &mut clean.cmd), ("SHELL", &mut clean.shell)]
    {
        mask_command(keyword, words);
    }
    // The words of one command may be split over both.
    let joined: Vec<String> = clean.entrypoint.iter().chain(&clean.cmd).cloned().collect();
    let mut both = joined.clone();
    mask_command("CMD", &mut both);
    if both != joined {
        let cmd = both.split_off(clean.entrypoint.len());
        (clean.entrypoint, clean.cmd) = (both, cmd);
    }
    let lists = clean.exposed_ports.iter_mut().chain(&mut clean.volumes);
    for text in lists.chain(&mut clean.user).chain(&mut clean.working_dir) {
        if hides(text) {
            MASK.clone_into(text);
        }
    }
    (clean != *config).then_some(clean)
}

fn hides(text: &str) -> bool {
    mask_text(text) != text
}

/// Masks the words that hold a secret alone, or beside the words around them: `--password`, `hunter2`.
fn mask_command(keyword: &str, words: &mut [String]) {
    let mut text = format!("FROM scratch\n{keyword} [");
    let mut ranges = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let start = text.len() as u32;
        // Line breaks are escaped there, and a string always serializes.
        text.push_str(&serde_json::to_string(word).unwrap_or_default());
        ranges.push(Span::new(start, text.len() as u32));
    }
    text.push_str("]\n");
    let secrets = secret_spans(&Dockerfile::parse(text));
    for (word, range) in words.iter_mut().zip(ranges) {
        if hides(word) || secrets.iter().any(|secret| secret.intersects(range)) {
            MASK.clone_into(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(env: &[(&str, &str)], entrypoint: &[&str], cmd: &[&str]) -> ImageConfig {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ImageConfig {
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            entrypoint: owned(entrypoint),
            cmd: owned(cmd),
            ..ImageConfig::default()
        }
    }

    #[test]
    fn ordinary_configurations_are_left_alone() {
        for config in [
            ImageConfig::default(),
            config(
                &[
                    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                    ("NODE_VERSION", "24.19.0"),
                    ("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305"),
                    ("PYTHON_SHA256", "c08bc65a81971c1dd5783182826503369466c7e67374d1646519adf05207b684"),
                    ("PHP_ASC_URL", "https://www.php.net/get/php-8.4.1.tar.xz.asc/from/this/mirror"),
                    ("JAVA_HOME", "/opt/java/openjdk"),
                    ("LANG", "C.UTF-8"),
                    ("EMPTY", ""),
                ],
                &["docker-entrypoint.sh"],
                &["nginx", "-g", "daemon off;"],
            ),
            config(
                &[],
                &["/bin/sh", "-c"],
                &["exec java $JAVA_OPTS -jar /app.jar --password-file /run/secrets/x"],
            ),
        ] {
            assert_eq!(masked(&config), None, "{config:?}");
        }
    }

    #[test]
    fn secrets_go_and_names_stay() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----";
        let found = config(
            &[
                ("DB_PASSWORD", "hunter2 and more"),
                ("DATABASE_URL", "postgres://me:hunter2@db/x"),
                ("SETTING", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
                ("CERT", pem),
                ("MULTI_PASSWORD", "\nhunter2"),
                ("PATH", "/bin"),
            ],
            &["app", "--password", "hunter2", "run"],
            &["sh", "-c", "mysql -u root -phunter2"],
        );
        let clean = masked(&found).unwrap();
        let shown = format!("{clean:?}");
        for secret in ["hunter2", "and more", "ghp_", "MIIE"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        assert_eq!(
            clean.env.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["DB_PASSWORD", "DATABASE_URL", "SETTING", "CERT", "MULTI_PASSWORD", "PATH"]
        );
        assert_eq!(clean.env[5].1, "/bin");
        assert_eq!(clean.entrypoint, ["app", "--password", MASK, "run"]);
        assert_eq!(masked(&clean), None, "once is enough");
    }

    #[test]
    fn a_command_split_over_entrypoint_and_cmd_is_seen_as_one() {
        let clean = masked(&config(&[], &["app", "--password"], &["hunter2", "run"])).unwrap();
        assert_eq!(
            (clean.entrypoint, clean.cmd),
            (vec!["app".to_owned(), "--password".to_owned()], vec![MASK.to_owned(), "run".to_owned()])
        );
    }
}
