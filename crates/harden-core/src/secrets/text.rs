//! `name=value`, `name: value` and headers in command lines and files.

use std::ops::Range;

use super::generic::literal;
use super::names::{self, MAX_NAME, Name};
use super::strength::{Quality, rate};
use super::values::has_reference;
use super::{Confidence, Kind, NotSecret, Scan, Verdict, encoding};

const HEADER: &str = "it is sent as the credentials of a request";
const LOGIN: &str = "its base64 text decodes to a user name and a password";

/// Longest value that is read.
const MAX_VALUE: usize = 1024;

/// A name, an operator and a value.
struct Pair<'a> {
    name: &'a str,
    class: Name,
    value: Range<usize>,
    /// The value has quotes around it.
    quoted: bool,
    /// `name = value` or `name: value`: a file or a program, where a bare word may be a variable.
    spaced: bool,
    within: Within,
}

/// What a pair is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    /// `…;name=value;…`: a connection string.
    Connection,
    /// `?name=value` or `&name=value` in a URL.
    Query,
}

/// Looks at every `=` and `:`.
pub(super) fn find(scan: &mut Scan<'_>) {
    let bytes = scan.text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'=' | b':')
            && let Some(pair) = pair(scan.text, at)
        {
            judge(scan, &pair);
            // What was judged as a whole is not read again.
            at = at.max(pair.value.end.saturating_sub(1));
        }
        at += 1;
    }
}

fn judge(scan: &mut Scan<'_>, pair: &Pair<'_>) {
    let value = &scan.text[pair.value.clone()];
    if header(scan, pair) || !is_telling(pair.class) || value.is_empty() {
        return;
    }
    if has_reference(value) {
        return scan.reject(NotSecret::Reference);
    }
    // Patterns, formats, calls and SQL parameters.
    let code =
        value.contains(['*', '^', '(', ')', '{', '}', '|']) || value.starts_with(['\\', '%', '?', ':', '$']);
    // `password=self.password` and `password=values[0]` of programs.
    let is_member = |part: &str| {
        part.starts_with(|ch: char| ch.is_ascii_alphabetic() || ch == '_')
            && !part.bytes().any(|byte| byte.is_ascii_digit())
    };
    let member =
        !pair.quoted && (value.contains('[') || (value.contains('.') && value.split('.').all(is_member)));
    if code || member || value.contains("%s") || (pair.spaced && !pair.quoted && is_code(scan.text, pair)) {
        return;
    }
    let mut secret = match literal(pair.name, pair.class, value) {
        Verdict::Secret(secret) => secret,
        Verdict::Not(reason @ (NotSecret::Placeholder | NotSecret::Example)) => return scan.reject(reason),
        _ => return,
    };
    if secret.kind.is_generic() {
        secret.kind = match pair.within {
            Within::Nothing => secret.kind,
            Within::Connection => Kind::ConnectionString,
            Within::Query if pair.class == Name::Password => Kind::UrlPassword,
            Within::Query => Kind::UrlToken,
        };
    }
    scan.hit(secret.kind, secret.confidence, pair.value.clone(), secret.why);
}

/// Whether a name of this class makes a value a secret.
fn is_telling(class: Name) -> bool {
    matches!(class, Name::Password | Name::Secret | Name::Token | Name::Weak)
}

/// Names of headers and settings that hold credentials.
fn is_credential(name: &str) -> bool {
    let end = name.len().checked_sub(13).and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case("authorization")) || matches!(name, "auth" | "_auth")
}

/// Whether a bare value after `name =` is more likely a variable, a call or prose than a literal.
fn is_code(text: &str, pair: &Pair<'_>) -> bool {
    let value = &text[pair.value.clone()];
    let after = text.as_bytes().get(pair.value.end);
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    !digits
        || matches!(after, Some(b'(' | b'['))
        || rate(value, &[]) < Quality::Variant
        || value.contains(['.', '[', '<', '>'])
}

/// `Authorization: Basic …`, `Authorization: Bearer …`, and `"auth": "…"` of Docker's and npm's settings.
fn header(scan: &mut Scan<'_>, pair: &Pair<'_>) -> bool {
    if !is_credential(pair.name) {
        return false;
    }
    let value = &scan.text[pair.value.clone()];
    let is_header = !matches!(pair.name, "auth" | "_auth");
    let word = |text: &str| {
        let window = &text.as_bytes()[..text.len().min(MAX_VALUE)];
        window.iter().take_while(|byte| !byte.is_ascii_whitespace() && !b"\"'".contains(byte)).count()
    };
    let mut start = pair.value.start;
    let mut scheme = String::new();
    if is_header {
        scheme = value.get(..word(value)).unwrap_or_default().to_ascii_lowercase();
        // The value ends at the blank when nothing encloses it.
        let rest = scan.text.as_bytes()[start + scheme.len()..].iter().take(40);
        start += scheme.len() + rest.take_while(|byte| **byte == b' ').count();
    }
    let end = start + word(&scan.text[start..]);
    let Some(value) = scan.text.get(start..end) else { return true };
    if has_reference(value) {
        scan.reject(NotSecret::Reference);
        return true;
    }
    let decoded = encoding::base64(value);
    let login = decoded.contains(&b':') && decoded.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if value.len() >= 6 && login && (scheme == "basic" || !is_header) {
        let text = String::from_utf8_lossy(&decoded);
        let (user, pass) = text.split_once(':').unwrap_or_default();
        match super::generic::chosen(rate(pass, &[user.to_ascii_lowercase()])).filter(|_| !pass.is_empty()) {
            Some((confidence, _)) => scan.hit(Kind::BasicAuth, confidence, start..end, LOGIN),
            None => scan.reject(NotSecret::Placeholder),
        }
    } else if matches!(scheme.as_str(), "bearer" | "token" | "apikey")
        && !value.contains(['<', '{', '%', '('])
    {
        match rate(value, &[]) {
            Quality::Random => scan.hit(Kind::BearerToken, Confidence::High, start..end, HEADER),
            Quality::Mixed if value.len() >= 12 => {
                scan.hit(Kind::BearerToken, Confidence::Medium, start..end, HEADER);
            }
            _ => scan.reject(NotSecret::Placeholder),
        }
    }
    is_header
}

/// Reads what stands around the operator at `at`.
fn pair(text: &str, at: usize) -> Option<Pair<'_>> {
    let bytes = text.as_bytes();
    let operator = bytes[at];
    let next = *bytes.get(at + 1)?;
    let mut value_at = at + 1;
    let mut name_end = at;
    if operator == b'=' {
        match next {
            b'=' | b'~' => return None,
            b'>' => value_at += 1,
            _ => {}
        }
        match at.checked_sub(1).map(|before| bytes[before]) {
            Some(b'=' | b'!' | b'<' | b'>') => return None,
            Some(b'+' | b':' | b'?') => name_end -= 1,
            _ => {}
        }
    } else if matches!(next, b':' | b'/' | b'=') || bytes[..at].last() == Some(&b':') {
        return None;
    }
    let name = name_before(text, name_end)?;
    let text_name = &text[name.range.clone()];
    let mut class = names::judge(text_name);
    // Alone it is the working directory, in a connection string the password.
    if text_name.eq_ignore_ascii_case("pwd") && operator == b'=' && in_connection(text, &name.range) {
        class = Name::Password;
    }
    if !is_telling(class) && !is_credential(text_name) {
        return None;
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let gap = bytes[value_at..].iter().take(8).take_while(|byte| blank(byte)).count();
    let spaced = name.spaced || gap > 0;
    if operator == b'=' && gap > 0 && !name.spaced {
        // `A= command`: the variable is empty.
        return None;
    }
    value_at += gap;
    if operator == b':' && !is_key(text, &name, gap) {
        return None;
    }
    let (mut value, quoted) = value(text, value_at, &name)?;
    let before = name.range.start.checked_sub(1).map(|before| bytes[before]);
    // `s/password=.*/password=x/` of sed.
    if let Some(mark) = before.filter(|byte| b"/#,".contains(byte)) {
        let len = bytes[value.clone()].iter().position(|byte| *byte == mark).unwrap_or(value.len());
        value.end = value.start + len;
    }
    let in_list = before == Some(b';') || bytes.get(value.end) == Some(&b';');
    let within = match before {
        Some(b'?' | b'&') => Within::Query,
        _ if in_list && operator == b'=' && in_connection(text, &name.range) => Within::Connection,
        _ => Within::Nothing,
    };
    Some(Pair { name: text_name, class, value, quoted, spaced, within })
}

/// A name in front of an operator.
struct Before {
    range: Range<usize>,
    /// It has quotes of its own.
    quoted: bool,
    /// The quote that opened before the name and encloses the value too.
    enclosing: Option<u8>,
    spaced: bool,
}

fn name_before(text: &str, end: usize) -> Option<Before> {
    let bytes = text.as_bytes();
    let mut end = end;
    let blanks = bytes[..end].iter().rev().take(40).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    end -= blanks;
    let mut quoted = false;
    if matches!(bytes[..end].last(), Some(b'"' | b'\'')) {
        quoted = true;
        end -= 1;
        if bytes[..end].last() == Some(&b'\\') {
            end -= 1;
        }
    }
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = bytes[..end].iter().rev().take(MAX_NAME).take_while(part).count();
    let mut start = end - len;
    while start < end && matches!(bytes[start], b'-' | b'.') {
        start += 1;
    }
    let before = (end - len).checked_sub(1).map(|at| bytes[at]);
    // `$name = …` compares in the shell and assigns in PHP; `${name:-…}` is a default; `@name` is a decorator.
    if start == end
        || matches!(before, Some(b'$' | b'@' | b'%'))
        || (before == Some(b'{') && end - len >= 2 && bytes[end - len - 2] == b'$')
    {
        return None;
    }
    let enclosing = before.filter(|byte| matches!(byte, b'"' | b'\'') && !quoted);
    Some(Before { range: start..end, quoted, enclosing, spaced: blanks > 0 })
}

/// Whether `name:` is a key: of JSON or a program, of YAML or properties at the start of a line, or a header in quotes.
fn is_key(text: &str, name: &Before, gap: usize) -> bool {
    if name.quoted {
        return true;
    }
    if gap == 0 {
        return false;
    }
    if name.enclosing.is_some() {
        let word = &text[name.range.clone()];
        return word.contains('-') || word.eq_ignore_ascii_case("authorization");
    }
    let before = &text.as_bytes()[..name.range.start];
    let lead = before.iter().rev().take(64).take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count();
    before.get(..before.len() - lead).and_then(<[u8]>::last).is_none_or(|byte| b"\n\r{,".contains(byte))
}

/// The value that begins at `at`, and whether quotes enclose it.
fn value(text: &str, at: usize, name: &Before) -> Option<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    let (mut at, mut quote) = (at, name.enclosing);
    let escaped = bytes.get(at) == Some(&b'\\') && matches!(bytes.get(at + 1), Some(b'"' | b'\''));
    at += usize::from(escaped);
    let own = matches!(bytes.get(at), Some(b'"' | b'\''));
    if own {
        quote = Some(bytes[at]);
        at += 1;
    }
    let window = &bytes[at.min(bytes.len())..bytes.len().min(at + MAX_VALUE)];
    let stop = |index: usize, byte: u8| match quote {
        _ if byte == b'\n' || byte == b'\r' => true,
        Some(mark) if byte == mark => true,
        Some(_) if own => {
            escaped && byte == b'\\' && window.get(index + 1).is_some_and(|next| Some(*next) == quote)
        }
        Some(_) => byte == b';' || byte == b'&',
        None => byte.is_ascii_whitespace() || b"\"'`;&|<>),]}".contains(&byte),
    };
    let len = window.iter().enumerate().position(|(index, &byte)| stop(index, byte)).unwrap_or(window.len());
    let mut end = at + len;
    while end > at && !text.is_char_boundary(end) {
        end -= 1;
    }
    if !own && quote.is_none() {
        while end > at && matches!(bytes[end - 1], b'\\' | b'.') {
            end -= 1;
        }
    }
    (at <= end && text.is_char_boundary(at)).then_some((at..end, own))
}

/// Whether the neighbours are the fields of ADO.NET, ODBC or Azure connection strings.
fn in_connection(text: &str, name: &Range<usize>) -> bool {
    const FIELDS: [&str; 14] = [
        "server=",
        "data source=",
        "host=",
        "hostname=",
        "user id=",
        "uid=",
        "username=",
        "user=",
        "endpoint=",
        "database=",
        "driver=",
        "initial catalog=",
        "accountname=",
        "defaultendpointsprotocol=",
    ];
    let bytes = text.as_bytes();
    let window = &bytes[name.start.saturating_sub(256)..bytes.len().min(name.end + 256)];
    let lower = String::from_utf8_lossy(window).to_ascii_lowercase();
    FIELDS.iter().any(|field| lower.contains(field))
}

#[cfg(test)]
mod tests {
    use super::super::in_text;
    use super::super::tests::fill;

    fn hits(text: &str) -> Vec<String> {
        in_text(text).into_iter().map(|one| format!("{} {}", one.kind, &text[one.range])).collect()
    }

    #[test]
    fn assignments() {
        let generic = ["generic-password tr0ub4dor&3"];
        for text in [
            "export DB_PASSWORD='tr0ub4dor&3' && make",
            "--password=\"tr0ub4dor&3\"",
            "{\"password\": \"tr0ub4dor&3\"}",
            "{\\\"password\\\": \\\"tr0ub4dor&3\\\"}",
            "'password' => 'tr0ub4dor&3',",
            "db:\n  password: \"tr0ub4dor&3\"\n",
        ] {
            assert_eq!(hits(text), generic, "{text}");
        }
        assert_eq!(hits("[pypi]\npassword = hunter22x1\n"), ["generic-password hunter22x1"]);
        assert_eq!(hits("-Djavax.net.ssl.keyStorePassword=admin -jar x"), ["default-password admin"]);
        assert_eq!(hits("Server=db;User Id=sa;Password=Str0ng9Pw;"), ["connection-string Str0ng9Pw"]);
        assert_eq!(hits("jdbc:mysql://db/x?user=u&password=Str0ng9Pw"), ["url-password Str0ng9Pw"]);
        assert_eq!(hits(&fill("//registry.npmjs.org/:_authToken=RANDOM")), [fill("generic-token RANDOM")]);
    }

    #[test]
    fn headers() {
        assert_eq!(hits(&fill("-H \"Authorization: Bearer RANDOM\"")), [fill("bearer-token RANDOM")]);
        let basic = "Ym9iOnRyMHViNGRvciYz";
        assert_eq!(hits(&format!("-H 'Authorization: Basic {basic}'")), [format!("basic-auth {basic}")]);
        assert_eq!(hits(&format!("{{\"auth\": \"{basic}\"}}")), [format!("basic-auth {basic}")]);
        assert_eq!(hits(&fill("-H 'X-Api-Key: RANDOM'")), [fill("generic-token RANDOM")]);
        assert_eq!(hits("-H \"Authorization: Bearer $TOKEN\" -H 'Authorization: token <token>'"), [""; 0]);
    }

    #[test]
    fn no_secrets() {
        for text in [
            "password = get_password()",
            "token = settings.token",
            "[ \"$TOKEN\" = abc123def456 ]",
            "sed -i 's/password=.*/password=x/'",
            "--mount=type=secret,id=npm_token,env=NPM_TOKEN",
            "PASSWORD=$(cat /run/secrets/p) TOKEN=${TOKEN:?}",
            "password: str = None",
            "token: the token of the user",
            "if password == 'abc': pass",
            "key=value token=abc secret=",
        ] {
            assert_eq!(hits(text), [""; 0], "{text}");
        }
    }
}
