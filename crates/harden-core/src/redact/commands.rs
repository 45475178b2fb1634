//! Secrets given to commands: `--password X`, `mysql -pX`, `curl -u user:X`, `htpasswd -b file user X`.

use std::ops::Range;

use super::names::{Name, judge};
use super::value::is_secret;
use super::words::{Item, Words, argument_after, base_name, is_before_command, tail};
use super::{Scan, shell};
use crate::sieve::Table;

/// How a short flag carries its secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `-pX`; `-p` alone asks.
    Attached,
    /// `-p X`.
    Apart,
    /// Both.
    Either,
    /// `-u user:X` and `-uuser:X`; a value without `:` and `%` is a user name.
    User,
}

/// Commands and their secret short flags, from their manual pages.
static FLAGS: [(Table, &str, Form); 11] = [
    (
        Table::new(
            "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mysql_upgrade mariadb mariadb-dump \
         mariadb-admin 7z 7za 7zr rar unrar",
        ),
        "-p",
        Form::Attached,
    ),
    (Table::new("sshpass mongo mongosh mongodump mongorestore cqlsh"), "-p", Form::Either),
    // `docker login`, `az login`, `helm registry login`, `oc login`.
    (Table::new("login twine useradd usermod adduser influx rabbitmqadmin"), "-p", Form::Apart),
    (Table::new("zip unzip sqlcmd bcp isql tsql mosquitto_pub mosquitto_sub"), "-P", Form::Either),
    (Table::new("redis-cli"), "-a", Form::Apart),
    (Table::new("ldapadd ldapsearch ldapmodify ldapdelete ldappasswd ldapwhoami"), "-w -s", Form::Apart),
    (Table::new("curl http https xh"), "-u --user -U --proxy-user -a", Form::User),
    (Table::new("ssh-keygen"), "-N -P", Form::Apart),
    (Table::new("SUSEConnect"), "-r", Form::Apart),
    (Table::new("smbclient rpcclient"), "-U", Form::User),
    (Table::new("openssl"), "-k -K", Form::Apart),
];

/// Commands that take a secret by position: the command, its sub-command (or how it begins, with a dot at the end),
/// and how many arguments stand before it.
const POSITIONS: [(&str, &str, usize); 19] = [
    ("htpasswd", "", 2),
    ("mkpasswd", "", 0),
    ("openssl", "passwd", 0),
    ("rabbitmqctl", "add_user", 1),
    ("rabbitmqctl", "change_password", 1),
    ("net", "user", 1),
    ("cargo", "login", 0),
    ("snyk", "auth", 0),
    ("mysqladmin", "password", 0),
    ("redis-cli", "auth", 0),
    ("vault", "login", 0),
    ("ngrok", "authtoken", 0),
    ("ngrok", "add-authtoken", 0),
    ("heroku", "auth:token", 0),
    ("ConvertTo-SecureString", "", 0),
    ("composer", "http-basic.", 1),
    ("composer", "github-oauth.", 0),
    ("composer", "gitlab-token.", 0),
    ("composer", "bearer.", 0),
];

/// Words before a name whose value is the next word: `npm config set _auth X`.
const SETTERS: [&str; 6] = ["set", "config", "configure", "setenv", "setx", "put"];

/// Names whose value is the next word wherever they stand: redis, `OpenLDAP`, yarn.
const KEYWORDS: [&str; 6] = ["requirepass", "masterauth", "bindpw", "rootpw", "_authToken", "_password"];

#[derive(Default)]
struct State {
    /// Rows of [`FLAGS`] whose command was seen in this simple command.
    rows: Vec<usize>,
    /// The command, once it is known.
    command: Option<Range<usize>>,
    /// Row of [`POSITIONS`] and the number of arguments before the secret.
    position: Option<(usize, usize)>,
    previous: Range<usize>,
    before_previous: Range<usize>,
    /// netrc: `machine` was seen on this line.
    netrc: bool,
}

/// Looks at every word of every command.
pub(super) fn find(scan: &mut Scan<'_>) {
    let mut words = Words::new(scan.text);
    let mut state = State::default();
    while let Some(item) = words.next() {
        match item {
            Item::Break(byte, _) => state = State { netrc: state.netrc && byte != b'\n', ..State::default() },
            Item::Word(word) => {
                if let Some(end) = one(scan, &mut state, &word) {
                    words.at = words.at.max(end);
                }
                state.before_previous = std::mem::replace(&mut state.previous, word);
            }
        }
    }
}

/// Judges one word; gives the end of the value it masked.
fn one(scan: &mut Scan<'_>, state: &mut State, whole: &Range<usize>) -> Option<usize> {
    let word = &tail(scan.text, whole);
    let text = &scan.text[word.clone()];
    if text.starts_with('-') {
        if let Some((row, left)) = &mut state.position
            && POSITIONS[*row].0 == "htpasswd"
            && text.contains('n')
        {
            // `-n` writes to standard output: there is no file argument.
            *left = left.saturating_sub(1);
        }
        if text == "-c" {
            state.command = None;
        }
        return short_flag(scan, state, word).or_else(|| long_flag(scan, word));
    }
    let name = base_name(text);
    let row = FLAGS.iter().position(|(commands, ..)| commands.has(name));
    if let Some(row) = row
        && !state.rows.contains(&row)
    {
        state.rows.push(row);
    }
    if let Some((row, left)) = state.position {
        if left == 0 {
            return mask(scan, opening(scan, word.start));
        }
        state.position = Some((row, left - 1));
    }
    if word == whole || POSITIONS.iter().any(|(command, ..)| *command == name) {
        position(scan, state, word);
    }
    match name {
        "machine" => state.netrc = true,
        "Bearer" | "bearer" => return bearer(scan, word),
        _ => {}
    }
    key_word(scan, state, word)
}

/// Notes the command and whether it takes a secret by position.
fn position(scan: &Scan<'_>, state: &mut State, word: &Range<usize>) {
    let text = &scan.text[word.clone()];
    let is_quote = |at: usize| matches!(scan.bytes().get(at), Some(b'"' | b'\'' | b'`'));
    if word.start > 0 && is_quote(word.start - 1) && !is_quote(word.end) {
        // A command line inside a string.
        state.command = None;
    }
    let name = base_name(text);
    let alone = |&(command, sub, _): &(&str, &str, usize)| sub.is_empty() && command == name;
    let found = match &state.command {
        None if is_before_command(text) => return,
        None => {
            state.command = Some(word.clone());
            POSITIONS.iter().position(alone)
        }
        Some(command) => {
            let command = base_name(&scan.text[command.clone()]);
            // A name with flags behind it is no package to install.
            let flags = argument_after(scan.text, word.end).is_some_and(|at| scan.bytes()[at] == b'-');
            let is_sub = |sub: &str| sub == text || (sub.ends_with('.') && text.starts_with(sub));
            POSITIONS.iter().position(|row| (row.0 == command && is_sub(row.1)) || (flags && alone(row)))
        }
    };
    if let Some(row) = found.filter(|_| state.position.is_none()) {
        state.position = Some((row, POSITIONS[row].2));
    }
}

/// The quote directly before a word belongs to it.
fn opening(scan: &Scan<'_>, start: usize) -> usize {
    match start.checked_sub(1).map(|before| scan.bytes()[before]) {
        Some(b'"' | b'\'') => start - 1,
        _ => start,
    }
}

fn short_flag(scan: &mut Scan<'_>, state: &State, word: &Range<usize>) -> Option<usize> {
    let text = &scan.text[word.clone()];
    for &row in &state.rows {
        let (_, flags, form) = FLAGS[row];
        for flag in flags.split(' ') {
            // `curl -fsSu me:X`.
            let bundled = form == Form::User
                && flag == "-u"
                && text.len() < 8
                && text.ends_with('u')
                && !text.starts_with("--");
            let flag = if bundled { text } else { flag };
            let Some(rest) = text.strip_prefix(flag) else { continue };
            let end = word.start + flag.len();
            let start = if rest.is_empty() {
                match form {
                    Form::Attached | Form::Either if has_quoted_part(scan, word) => end,
                    Form::Attached => continue,
                    _ => argument_after(scan.text, end)?,
                }
            } else if flag.len() > 2 || form == Form::Apart {
                continue;
            } else {
                end
            };
            return if form == Form::User { user(scan, start) } else { mask(scan, start) };
        }
    }
    None
}

/// `-p"secret"`: the flag is not quoted itself and its value follows at once.
fn has_quoted_part(scan: &Scan<'_>, word: &Range<usize>) -> bool {
    let bytes = scan.bytes();
    let follows = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b',' | b']');
    opening(scan, word.start) == word.start
        && matches!(bytes.get(word.end), Some(b'"' | b'\''))
        && bytes.get(word.end + 1).is_some_and(follows)
}

/// `user:password` and `user%password`.
fn user(scan: &mut Scan<'_>, start: usize) -> Option<usize> {
    let value = shell::value(scan.text, start, None, false);
    let text = &scan.text[value.clone()];
    let mark = if text.starts_with("${") { text.find("}:").map(|at| at + 1) } else { text.find([':', '%']) }?;
    let secret = value.start + mark + 1..value.end;
    if !is_secret(Name::Secret, &scan.text[secret.clone()]) {
        return None;
    }
    scan.hit(secret);
    Some(value.end)
}

/// `--password X`: a flag with a secret name and its value behind a blank.
fn long_flag(scan: &mut Scan<'_>, word: &Range<usize>) -> Option<usize> {
    let name = scan.text[word.clone()].trim_start_matches('-');
    let is_name = name.len() > 2 && !name.contains(['=', ':', '$']) && !name.ends_with("stdin");
    if !is_name || judge(name, false) != Name::Secret {
        return None;
    }
    let start = argument_after(scan.text, word.end)?;
    let bare = scan.text[start..].trim_start_matches(['"', '\'', '\\']);
    if bare.starts_with("--")
        || (bare.starts_with('-') && bare.as_bytes().get(2).is_none_or(u8::is_ascii_whitespace))
    {
        return None;
    }
    mask(scan, start)
}

/// A secret name without dashes whose value is the next word.
fn key_word(scan: &mut Scan<'_>, state: &State, word: &Range<usize>) -> Option<usize> {
    // `//registry/:_authToken` is a key of npm.
    let name = scan.text[word.clone()].rsplit([':', '/']).next().unwrap_or_default();
    if name.len() < 2 || name.contains(['=', '$']) {
        return None;
    }
    if let Some(start) = call_argument(scan, word) {
        return (judge(name, false) == Name::Secret).then(|| mask(scan, start)).flatten();
    }
    let start = argument_after(scan.text, word.end)?;
    let previous = &scan.text[state.previous.clone()];
    // In a sentence, what follows a name is mostly the next word of the sentence.
    let prose = || {
        let value = &scan.text[shell::value(scan.text, start, None, false)];
        scan.kind.is_prose() && value.bytes().all(|byte| byte.is_ascii_lowercase() || b",.".contains(&byte))
    };
    let is = |words: &[&str]| words.iter().any(|known| name.eq_ignore_ascii_case(known));
    let takes = if is(&["password", "passwd", "pass"]) {
        let quoted = matches!(scan.bytes()[start], b'"' | b'\'' | b'\\');
        let login = state.netrc || scan.text[state.before_previous.clone()].eq_ignore_ascii_case("login");
        // debconf: `package package/root_password password hunter2`.
        let debconf = previous.contains('/') && judge(base_name(previous), false) == Name::Secret;
        login || debconf || (quoted && (name == "PASSWORD" || !prose()))
    } else {
        is(&KEYWORDS)
            || (is(&["by"]) && previous.eq_ignore_ascii_case("identified"))
            || (SETTERS.iter().any(|set| previous.trim_start_matches('-').eq_ignore_ascii_case(set))
                && judge(name, false) == Name::Secret
                && !prose())
    };
    takes.then(|| mask(scan, start)).flatten()
}

/// `PASSWORD('X')` and `define('PASSWORD', 'X')`: where the value begins.
fn call_argument(scan: &Scan<'_>, word: &Range<usize>) -> Option<usize> {
    let bytes = scan.bytes();
    let is_quote = |at: usize| matches!(bytes.get(at), Some(b'"' | b'\''));
    if bytes.get(word.end) == Some(&b'(') {
        return (is_quote(word.end + 1) || bytes.get(word.end + 1) == Some(&b'\\')).then_some(word.end + 1);
    }
    let before = bytes[..word.start].iter().rev().find(|byte| !matches!(byte, b'"' | b'\'' | b'\\'));
    let quoted = word.start > 0 && is_quote(word.start - 1);
    (quoted && before == Some(&b'(')).then(|| argument_after(scan.text, word.end)).flatten()
}

/// `Bearer X` outside a header that was recognised.
fn bearer(scan: &mut Scan<'_>, word: &Range<usize>) -> Option<usize> {
    let start = argument_after(scan.text, word.end)?;
    let value = &scan.text[shell::value(scan.text, start, None, false)];
    let is_token = value.len() >= 8 && value.bytes().any(|byte| !byte.is_ascii_lowercase());
    is_token.then(|| mask(scan, start)).flatten()
}

/// Masks the value at `start` unless it is harmless.
fn mask(scan: &mut Scan<'_>, start: usize) -> Option<usize> {
    let value = shell::value(scan.text, start, None, false);
    if !is_secret(Name::Secret, &scan.text[value.clone()]) {
        return None;
    }
    let end = value.end;
    scan.hit(value);
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Kind;

    fn hits(text: &str) -> Vec<&str> {
        let mut scan = Scan::new(text, Kind::Instruction);
        find(&mut scan);
        scan.hits.into_iter().map(|hit| &text[hit]).collect()
    }

    #[test]
    fn flags_and_positions() {
        for text in [
            "RUN mysql -u root -phunter2 -e 'select 1'",
            "RUN mysql -uroot -p'hunter2' x",
            r#"CMD ["mysqldump", "-phunter2", "db"]"#,
            r#"RUN su -c "mysql -phunter2 x""#,
            "RUN sshpass -p hunter2 ssh x",
            "RUN docker login -u me -p hunter2 host",
            "RUN x --password hunter2 --y",
            r#"ENTRYPOINT ["x", "--api-key", "hunter2", "--y"]"#,
            "RUN curl -s -u me:hunter2 https://host",
            "RUN curl --user \"me:hunter2\" https://host",
            "RUN htpasswd -bc /f me hunter2",
            "RUN htpasswd -nbB me hunter2 > /f",
            "RUN openssl passwd -1 hunter2",
            "RUN npm config set //host/:_authToken hunter2",
            "RUN echo machine h login me password hunter2 > ~/.netrc",
            "RUN psql -c \"CREATE USER x WITH PASSWORD 'hunter2'\"",
            r#"RUN psql -c "alter user x password \"hunter2\"""#,
            "RUN mysql -e \"CREATE USER x IDENTIFIED BY 'hunter2'\"",
            "RUN echo x x/root_password password hunter2 | debconf-set-selections",
            "CMD redis-server --requirepass hunter2",
            "RUN keytool -storepass hunter2 -noprompt",
            "RUN git config user.password hunter2",
            "RUN x -H 'Bearer hunter2A'",
        ] {
            let found = hits(text);
            assert!(found.len() == 1 && found[0].starts_with("hunter2"), "{text}: {found:?}");
        }
    }

    #[test]
    fn harmless_commands() {
        for text in [
            "RUN mkdir -p /var/x && cp -p a b",
            "RUN mysql -p db",
            "RUN adduser --disabled-password --gecos x me",
            "RUN apt-get install -y openssl passwd curl htpasswd",
            "RUN apt-key adv --recv-keys 0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D",
            "RUN docker login --password-stdin host",
            "RUN curl -u \"$USER:$PASSWORD\" https://host",
            "RUN useradd -u 1000 -p '*' me",
            "RUN x --password $PASSWORD --token \"${TOKEN}\" --secret /run/secrets/x",
            "CMD [\"docker\", \"run\", \"-p\", \"8080:80\"]",
            "RUN usermod -aG docker me && passwd -d me",
        ] {
            assert_eq!(hits(text), Vec::<&str>::new(), "{text}");
        }
    }
}
