//! Passwords as arguments of commands.

use std::ops::Range;

use super::generic::{GUESSABLE, chosen, literal};
use super::names::{self, Name};
use super::strength::rate;
use super::values::{has_reference, is_template};
use super::{Confidence, Kind, NotSecret, Scan, Verdict};
use crate::sieve::Table;

const ARGUMENT: &str = "the command takes its password here";
const NETRC: &str = "it follows `machine`, `login` and `password`";

/// The commands whose options are known. Sources: the manual pages of the commands.
static KNOWN: Table = Table::new(
    "mysql mysqladmin mysqldump mysqlimport mysqlsh mariadb mariadb-admin mariadb-dump sshpass docker podman buildah nerdctl oras crane skopeo helm curl redis-cli htpasswd chpasswd passwd echo printf mongo mongosh ldapadd ldapsearch ldapmodify",
);

/// Words of a command that are kept to look back at.
const MAX_BACK: usize = 12;

/// Reads the words of all commands: quotes, brackets and commas are blanks, so that the shell form, the exec form and a
/// command inside a string give the same words.
pub(super) fn find(scan: &mut Scan<'_>) {
    let text = scan.text;
    let bytes = text.as_bytes();
    let mut state = Commands::default();
    let mut at = 0;
    while at < bytes.len() {
        if is_break(bytes[at]) {
            state.finish(scan, bytes[at] == b'|');
            at += 1;
        } else if is_blank(bytes[at]) {
            at += 1;
        } else {
            let start = at;
            while at < bytes.len() && !is_break(bytes[at]) && !is_blank(bytes[at]) {
                at += 1;
            }
            let word = text[start..at].trim_end_matches([',', '\\']);
            state.word(scan, start..start + word.len());
        }
    }
    state.finish(scan, false);
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b';' | b'|' | b'&' | b'(' | b')' | b'\n')
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'[' | b']')
}

/// A command that is being read.
#[derive(Default)]
struct Commands {
    /// The last words, the newest last.
    words: Vec<Range<usize>>,
    /// The known command that was seen last.
    command: String,
    /// The words of `echo` and `printf` in front of a pipe.
    piped: Vec<Range<usize>>,
    /// `machine` of a `.netrc` was seen.
    machine: bool,
}

impl Commands {
    fn finish(&mut self, scan: &mut Scan<'_>, pipe: bool) {
        if self.command == "htpasswd" {
            self.htpasswd(scan);
        }
        let printed = matches!(self.command.as_str(), "echo" | "printf");
        self.piped.clear();
        if pipe && printed {
            std::mem::swap(&mut self.piped, &mut self.words);
        }
        self.words.clear();
        self.command.clear();
    }

    /// The word `back` places before the newest.
    fn back<'a>(&self, text: &'a str, back: usize) -> &'a str {
        let at = self.words.len().checked_sub(back + 1);
        at.and_then(|at| self.words.get(at)).map_or("", |range| &text[range.clone()])
    }

    fn word(&mut self, scan: &mut Scan<'_>, range: Range<usize>) {
        let text = scan.text;
        let word = &text[range.clone()];
        if word.is_empty() {
            return;
        }
        if self.words.len() == MAX_BACK {
            self.words.remove(0);
        }
        self.words.push(range.clone());
        let base = word.bytes().rposition(|byte| byte == b'/').map_or(word, |slash| &word[slash + 1..]);
        if KNOWN.has(base) {
            base.clone_into(&mut self.command);
            if base == "chpasswd" {
                for word in std::mem::take(&mut self.piped) {
                    chpasswd(scan, word);
                }
            }
            return;
        }
        if word == "--stdin"
            && self.command == "passwd"
            && let Some(last) = self.piped.pop()
        {
            argument(scan, last);
        }
        self.machine = (self.machine || word == "machine") && !word.ends_with("()");
        let (last, before) = (self.back(text, 1), self.back(text, 2));
        if self.attached(scan, word, &range) || word.starts_with('-') {
            return;
        }
        let whole = whole_argument(text, &range);
        if self.command == "curl" && matches!(last, "-u" | "--user" | "-U" | "--proxy-user") {
            return login(scan, range);
        }
        let password = match self.command.as_str() {
            "sshpass" | "mongo" | "mongosh" => last == "-p",
            "redis-cli" => matches!(last, "-a" | "--pass"),
            "ldapadd" | "ldapsearch" | "ldapmodify" => last == "-w",
            "docker" | "podman" | "buildah" | "nerdctl" | "oras" | "crane" | "skopeo" | "helm" => {
                last == "-p" && self.logs_in(text)
            }
            _ => false,
        };
        if password {
            return argument(scan, whole);
        }
        if last == "password" && self.machine && (before == "login" || self.back(text, 3) == "login") {
            return netrc(scan, range);
        }
        // Debian's debconf: `package package/root_password password VALUE`.
        if last == "password" && before.contains('/') && before.contains("pass") {
            return argument(scan, whole);
        }
        if self.is_sql_password(text, &range) {
            return argument(scan, whole);
        }
        let option = last.starts_with('-') && last.len() > 3 && !last.contains('=');
        let setting = matches!(before, "set" | "add") || self.back(text, 3) == "set";
        if option || (setting && !last.starts_with('-')) {
            named(scan, last.trim_start_matches('-'), whole);
        }
    }

    /// `USER x … PASSWORD 'value'` and `IDENTIFIED BY 'value'` in SQL.
    fn is_sql_password(&self, text: &str, word: &Range<usize>) -> bool {
        let Some(last) = self.words.len().checked_sub(2).map(|at| self.words[at].clone()) else {
            return false;
        };
        let keyword = &text[last.clone()];
        let between = text.get(last.end..word.start.saturating_sub(1)).unwrap_or("-");
        let before = &self.words[..self.words.len() - 2];
        let has = |known: &[&str]| {
            before.iter().any(|range| known.iter().any(|name| text[range.clone()].eq_ignore_ascii_case(name)))
        };
        opening_quote(text, word.start) == Some(b'\'')
            && !between.is_empty()
            && between.bytes().all(|byte| byte.is_ascii_whitespace())
            && ((keyword.eq_ignore_ascii_case("password") && has(&["user", "role", "login"]))
                || (keyword.eq_ignore_ascii_case("by") && has(&["identified"])))
    }

    /// Options with their value in the same word.
    fn attached(&self, scan: &mut Scan<'_>, word: &str, range: &Range<usize>) -> bool {
        let mysql = self.command.starts_with("mysql") || self.command.starts_with("mariadb");
        if (mysql || self.command == "sshpass")
            && let Some(value) = word.strip_prefix("-p")
            && !value.is_empty()
            && !value.starts_with('-')
        {
            argument(scan, range.start + 2..range.end);
            return true;
        }
        // OpenSSL, "Pass phrase arguments".
        if word.starts_with("pass:") && self.back(scan.text, 1).starts_with('-') {
            argument(scan, range.start + 5..range.end);
            return true;
        }
        if self.command == "curl" && word.starts_with("-u") && word.contains(':') {
            login(scan, range.start + 2..range.end);
            return true;
        }
        false
    }

    fn logs_in(&self, text: &str) -> bool {
        self.words.iter().any(|range| &text[range.clone()] == "login")
    }

    /// `htpasswd -cb file user password`, `htpasswd -nb user password`.
    fn htpasswd(&self, scan: &mut Scan<'_>) {
        let text = scan.text;
        let batch = |range: &Range<usize>| {
            let word = &text[range.clone()];
            word.starts_with('-') && !word.starts_with("--") && word.contains('b')
        };
        let redirect = self.words.iter().position(|range| text[range.clone()].starts_with(['>', '<', '2']));
        let words = &self.words[..redirect.unwrap_or(self.words.len())];
        if words.iter().any(batch)
            && let Some(last) = words.last()
            && !text[last.clone()].starts_with('-')
        {
            argument(scan, last.clone());
        }
    }
}

/// `--password VALUE`, `-storepass VALUE`, `config set _authToken VALUE`.
fn named(scan: &mut Scan<'_>, name: &str, range: Range<usize>) {
    let class = names::judge(name);
    if !matches!(class, Name::Password | Name::Secret | Name::Token) {
        return;
    }
    let value = &scan.text[range.clone()];
    if has_reference(value) {
        return scan.reject(NotSecret::Reference);
    }
    // `--password-stdin`, a redirection, or the next of `-k KEY=value`.
    if value.contains(['=', '<', '>', '(', '{', '*']) && !matches!(class, Name::Password) {
        return;
    }
    match literal(name, class, value) {
        // `the --password option`: a sentence about it.
        Verdict::Secret(secret) if value.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            scan.hit(secret.kind, Confidence::Low, range, secret.why);
        }
        Verdict::Secret(secret) => scan.hit(secret.kind, secret.confidence, range, secret.why),
        Verdict::Not(NotSecret::Placeholder) => scan.reject(NotSecret::Placeholder),
        _ => {}
    }
}

/// The whole quoted argument a word begins, as signs such as `;` and blanks may stand inside it.
fn whole_argument(text: &str, word: &Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let Some(quote) = opening_quote(text, word.start) else { return word.clone() };
    let window = &bytes[word.start..bytes.len().min(word.start + 256)];
    match window.iter().position(|byte| *byte == quote || *byte == b'\n') {
        Some(len) if window[len] == quote && word.start + len >= word.end => word.start..word.start + len,
        _ => word.clone(),
    }
}

/// The quote directly before `at` that begins a word.
fn opening_quote(text: &str, at: usize) -> Option<u8> {
    let before = text.as_bytes().get(..at)?;
    let (quote, before) = before.split_last()?;
    let begins = before.last().is_none_or(|byte| byte.is_ascii_whitespace() || b"(,[=\\".contains(byte));
    (matches!(quote, b'"' | b'\'') && begins).then_some(*quote)
}

/// A word that is a password because of its place.
fn argument(scan: &mut Scan<'_>, range: Range<usize>) {
    password(scan, range, "");
}

/// The password of a user.
fn password(scan: &mut Scan<'_>, range: Range<usize>, user: &str) {
    let value = &scan.text[range.clone()];
    if value.is_empty() || has_reference(value) || value.contains(['<', '{']) || is_template(value) {
        return scan.reject(NotSecret::Reference);
    }
    match chosen(rate(value, &[user.to_ascii_lowercase()])) {
        Some((confidence, why)) if why == GUESSABLE => {
            scan.hit(Kind::DefaultPassword, confidence, range, why);
        }
        Some((confidence, _)) => scan.hit(Kind::GenericPassword, confidence, range, ARGUMENT),
        None => scan.reject(NotSecret::Placeholder),
    }
}

/// `user:password`.
fn login(scan: &mut Scan<'_>, range: Range<usize>) {
    let word = &scan.text[range.clone()];
    let Some(colon) = word.find(':').filter(|_| !word.contains("${") || !has_reference(word)) else { return };
    let pass = range.start + colon + 1..range.end;
    if pass.is_empty() || has_reference(&word[colon + 1..]) {
        return scan.reject(NotSecret::Reference);
    }
    let user = word[..colon].to_ascii_lowercase();
    match chosen(rate(&word[colon + 1..], &[user])) {
        Some((confidence, _)) => scan.hit(Kind::BasicAuth, confidence, pass, ARGUMENT),
        None => scan.reject(NotSecret::Placeholder),
    }
}

/// `user:password` lines that `chpasswd` reads; `\n` may stand between them.
fn chpasswd(scan: &mut Scan<'_>, range: Range<usize>) {
    let word = &scan.text[range.clone()];
    let mut start = range.start;
    for line in word.split("\\n") {
        if let Some(colon) = line.find(':').filter(|&colon| colon > 0) {
            password(scan, start + colon + 1..start + line.len(), &line[..colon]);
        }
        start += line.len() + 2;
    }
}

fn netrc(scan: &mut Scan<'_>, range: Range<usize>) {
    let value = scan.text[range.clone()].split("\\n").next().unwrap_or_default();
    let range = range.start..range.start + value.len();
    if has_reference(value) || value.contains(['{', '<', '%']) {
        return scan.reject(NotSecret::Reference);
    }
    match chosen(rate(value, &[])) {
        Some((confidence, _)) => scan.hit(Kind::NetrcPassword, confidence, range, NETRC),
        None => scan.reject(NotSecret::Placeholder),
    }
}

#[cfg(test)]
mod tests {
    use super::super::in_text;
    use super::super::tests::RANDOM;

    fn hits(text: &str) -> Vec<String> {
        in_text(text).into_iter().map(|one| format!("{} {}", one.kind, &text[one.range])).collect()
    }

    #[test]
    fn options() {
        for text in [
            "mysql -u root -ptr0ub4dor3 db",
            "[\"mysql\", \"-ptr0ub4dor3\"]",
            "sshpass -p 'tr0ub4dor3' ssh host",
            "docker login -u me -p tr0ub4dor3 host",
            "redis-cli -a tr0ub4dor3 ping",
            "openssl req -passout pass:tr0ub4dor3 -x509",
            "keytool -genkey -storepass tr0ub4dor3 -alias x",
            "app --password tr0ub4dor3",
            "[\"redis-server\", \"--requirepass\", \"tr0ub4dor3\"]",
            "echo 'root:tr0ub4dor3' | chpasswd",
            "echo tr0ub4dor3 | passwd --stdin root",
            "htpasswd -cb /etc/x admin tr0ub4dor3",
            "echo 'mysql-server mysql-server/root_password password tr0ub4dor3' | debconf-set-selections",
            "psql -c \"ALTER USER postgres PASSWORD 'tr0ub4dor3'\"",
            "mysql -e \"CREATE USER 'a'@'%' IDENTIFIED BY 'tr0ub4dor3';\"",
        ] {
            assert_eq!(hits(text), ["generic-password tr0ub4dor3"], "{text}");
        }
        assert_eq!(hits("curl -u bob:tr0ub4dor3 https://x"), ["basic-auth tr0ub4dor3"]);
        assert_eq!(hits("machine github.com login bob password tr0ub4dor3"), ["netrc-password tr0ub4dor3"]);
        assert_eq!(hits("echo 'root:root' | chpasswd"), ["default-password root"]);
        let token = RANDOM;
        assert_eq!(
            hits(&format!("npm config set //r.io/:_authToken {token}")),
            [format!("generic-token {token}")]
        );
    }

    #[test]
    fn no_secrets() {
        for text in [
            "mysql -p db",
            "mkdir -p tr0ub4dor3",
            "docker run -p 8080:80 x",
            "docker login -p $TOKEN",
            "app --password $PASSWORD --token \"${TOKEN}\"",
            "echo \"root:$PW\" | chpasswd",
            "docker login --password-stdin tr0ub4dor3.azurecr.io",
            "adduser --disabled-password gecos1234",
            "useradd -p x7 --key UID_MIN=1000 app",
            "apt-key adv --keyserver hkp://x --recv-keys 0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
            "set password required",
        ] {
            assert_eq!(hits(text), [""; 0], "{text}");
        }
    }
}
