//! `name=value`, `name: value` and their relatives, in any language.

use std::ops::Range;

use super::names::{self, MAX_NAME, Name};
use super::shell::{self, skip_blanks};
use super::value::is_secret;
use super::{Kind, Scan};

/// Names that may stand directly before `:` and their value (`openssl -passin pass:X`); any other `a:b` is more
/// likely an image reference, a port or a path.
const COLON: [&str; 8] = ["pass", "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key"];

/// Authentication schemes of the HTTP Authorization header; what follows them is the secret.
const SCHEMES: [&str; 8] =
    ["basic", "bearer", "token", "digest", "negotiate", "apikey", "oauth", "aws4-hmac-sha256"];

/// A name with what stands around it.
struct Named {
    name: Range<usize>,
    /// The quote before the name, when the name has no quote of its own behind it.
    enclosing: Option<u8>,
    place: Place,
    /// Blanks or a closing quote between name and operator.
    spaced: bool,
    at_line_start: bool,
}

/// Whether a name is one of several.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    /// `…;name=` in a connection string.
    List,
    /// `?name=` or `&name=` in a URL.
    Query,
}

/// Looks at every `=` and `:`.
pub(super) fn find(scan: &mut Scan<'_>) {
    let bytes = scan.bytes();
    let mut at = 0;
    while at < bytes.len() {
        at = match bytes[at] {
            b'=' => equals(scan, at),
            b':' => colon(scan, at),
            b'{' if at > 0 && bytes[at - 1] == b'$' => expansion(scan, at),
            _ => None,
        }
        .unwrap_or(at + 1);
    }
}

/// `=` and its relatives; gives where to go on when the value is masked.
fn equals(scan: &mut Scan<'_>, at: usize) -> Option<usize> {
    let bytes = scan.bytes();
    let mut operator = at;
    while operator > 0 && at - operator < 2 && b"+?:!=".contains(&bytes[operator - 1]) {
        operator -= 1;
    }
    let named = name_before(scan, operator)?;
    let mut start = at + 1;
    while start < bytes.len() && start - at <= 2 && matches!(bytes[start], b'=' | b'>' | b'~') {
        start += 1;
    }
    if named.spaced {
        start = skip_blanks(bytes, start);
    }
    // `kubectl create secret generic x --from-literal=name=value`.
    let literal = scan.text[..named.name.start].ends_with("--from-literal=");
    let verdict = match names::judge(&scan.text[named.name.clone()], named.place == Place::Query) {
        _ if literal => Name::Secret,
        verdict => verdict,
    };
    assigned(scan, &named, verdict, start)
}

fn colon(scan: &mut Scan<'_>, at: usize) -> Option<usize> {
    let bytes = scan.bytes();
    let next = bytes.get(at + 1)?;
    if matches!(next, b'=' | b':' | b'/')
        && !matches!(bytes.get(at + 1..at + 3), Some([b'/', other]) if *other != b'/')
    {
        return None;
    }
    let named = name_before(scan, at)?;
    let name = &scan.text[named.name.clone()];
    let before = named.name.start.checked_sub(1).map(|before| bytes[before]);
    if before == Some(b'$') {
        return None;
    }
    let blank = matches!(next, b' ' | b'\t');
    if !blank && !named.spaced {
        let listed = COLON.iter().any(|colon| name.trim_start_matches('-').eq_ignore_ascii_case(colon));
        let alone = before.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'{,(=".contains(&byte));
        // `"X-Auth-Token:value"`.
        let header =
            named.enclosing.is_some() && (name.contains('-') || name.eq_ignore_ascii_case("authorization"));
        if !(listed || header) || !alone || (is_from(scan, at) && name != "pass") {
            return None;
        }
    }
    let mut start = skip_blanks(bytes, at + 1);
    if names::judge(name, false) == Name::Plain {
        return None;
    }
    if name.len() >= 13 && name[name.len() - 13..].eq_ignore_ascii_case("authorization") {
        start = after_scheme(bytes, start);
        let end = header_end(bytes, start);
        return mask(scan, Name::Secret, start..end);
    }
    if blank && scan.kind.is_prose() && !named.spaced && is_sentence(bytes, start) {
        return None;
    }
    let verdict = names::judge(name, false);
    assigned(scan, &named, verdict, start)
}

/// Masks the value at `start` when it is a secret under this name.
fn assigned(scan: &mut Scan<'_>, named: &Named, verdict: Name, start: usize) -> Option<usize> {
    let bytes = scan.bytes();
    match (verdict, bytes.get(start)) {
        (Name::Digest, _) | (_, None | Some(b'\n' | b'\r')) => return None,
        (_, Some(byte)) if byte.is_ascii_whitespace() => return None,
        (Name::Plain, _) => return random(scan, start),
        _ => {}
    }
    let config = start >= scan.file_body && named.at_line_start && !matches!(bytes[start], b'"' | b'\'');
    let value = if config {
        start..start + scan.text[start..shell::line_end(bytes, start)].trim_end().len()
    } else {
        shell::value(scan.text, start, named.enclosing, named.place != Place::Alone)
    };
    mask(scan, verdict, value)
}

fn mask(scan: &mut Scan<'_>, verdict: Name, value: Range<usize>) -> Option<usize> {
    let end = value.end;
    if !is_secret(verdict, &scan.text[value.clone()]) {
        return None;
    }
    scan.hit(value);
    Some(end)
}

/// A random value under a name that says nothing. The value ends at the first byte no such value holds, so that the
/// values of all names together are as long as the text.
fn random(scan: &mut Scan<'_>, start: usize) -> Option<usize> {
    let bytes = scan.bytes();
    let start = start + usize::from(matches!(bytes[start], b'"' | b'\''));
    let wordy = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(byte);
    let mut end = start + bytes[start..].iter().take_while(wordy).count();
    // A URL or a file name goes on; its parts are paths, however odd they look.
    if matches!(bytes.get(end), Some(b':' | b'.' | b'@')) || bytes.get(start) == Some(&b'/') {
        return None;
    }
    while bytes.get(end) == Some(&b'=') {
        end += 1;
    }
    mask(scan, Name::Plain, start..end)
}

/// `${PASSWORD:-hunter2}`: the default of a variable.
fn expansion(scan: &mut Scan<'_>, brace: usize) -> Option<usize> {
    let bytes = scan.bytes();
    let rest = &bytes[brace + 1..];
    let len =
        rest.iter().take(MAX_NAME).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let name = brace + 1..brace + 1 + len;
    let colon = usize::from(bytes.get(name.end) == Some(&b':'));
    if len == 0 || !matches!(bytes.get(name.end + colon), Some(b'-' | b'=' | b'+')) {
        return None;
    }
    let verdict = names::judge(&scan.text[name.clone()], false);
    if matches!(verdict, Name::Plain | Name::Digest) {
        return None;
    }
    let start = name.end + colon + 1;
    let mut depth = 1_u32;
    let mut end = start;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'\n' => break,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        end += 1;
    }
    mask(scan, verdict, start..end)
}

/// The name that ends before the operator at `at`.
fn name_before(scan: &Scan<'_>, at: usize) -> Option<Named> {
    let bytes = scan.bytes();
    let mut end = at;
    while end > 0 && at - end < 32 && matches!(bytes[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    let blanks = end < at;
    let mut quoted = false;
    while end > 0 && at - end < 36 && b"\"'\\]".contains(&bytes[end - 1]) {
        end -= 1;
        quoted = true;
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let mut start = end;
    while start > 0 && end - start < MAX_NAME && is_name(bytes[start - 1]) {
        start -= 1;
    }
    let before = start.checked_sub(1).map(|before| bytes[before]);
    if before == Some(b'\\') && matches!(bytes.get(start), Some(b'n' | b't' | b'r')) && end - start > 1 {
        start += 1;
    }
    if !bytes[start..end].iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let place = match before {
        Some(b'?' | b'&') => Place::Query,
        Some(b';') => Place::List,
        _ => Place::Alone,
    };
    let line_start =
        bytes[..start].iter().rev().take(64).find(|byte| !matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'-'));
    Some(Named {
        name: start..end,
        enclosing: before.filter(|byte| !quoted && matches!(byte, b'"' | b'\'')),
        place,
        spaced: blanks || quoted,
        at_line_start: line_start.is_none_or(|byte| *byte == b'\n'),
    })
}

/// After `Bearer ` and the like.
fn after_scheme(bytes: &[u8], start: usize) -> usize {
    let len = bytes[start..]
        .iter()
        .take(20)
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
        .count();
    let word = &bytes[start..start + len];
    let known = SCHEMES.iter().any(|scheme| scheme.as_bytes().eq_ignore_ascii_case(word));
    if known && bytes.get(start + len) == Some(&b' ') { skip_blanks(bytes, start + len) } else { start }
}

/// The end of a header: a quote or the end of the line.
fn header_end(bytes: &[u8], start: usize) -> usize {
    let stop = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'\n' | b'\r');
    let end = bytes[start..].iter().position(stop).map_or(bytes.len(), |len| start + len);
    if end > start && bytes[end - 1] == b'\\' { end - 1 } else { end }
}

/// Whether the statement is FROM, where `name:tag` is an image.
fn is_from(scan: &Scan<'_>, at: usize) -> bool {
    scan.kind == Kind::Instruction
        && at < 512
        && scan.bytes().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"FROM "))
}

/// In prose: whether the word at `start` is a lower-case word with more text behind it.
fn is_sentence(bytes: &[u8], start: usize) -> bool {
    let len = bytes[start..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    let word = &bytes[start..start + len];
    let plain = word.iter().all(|byte| byte.is_ascii_alphabetic() || b"-'.,()".contains(byte));
    let more = matches!(bytes.get(skip_blanks(bytes, start + len)), Some(byte) if !matches!(byte, b'\n' | b'\r' | b'#'));
    plain && more
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str) -> Vec<&str> {
        let mut scan = Scan::new(text, Kind::Instruction);
        find(&mut scan);
        scan.hits.into_iter().map(|hit| &text[hit]).collect()
    }

    #[test]
    fn assignments_of_many_languages() {
        assert_eq!(hits("RUN DB_PASSWORD=hunter2 make"), ["hunter2"]);
        assert_eq!(hits("RUN echo \"db.password = hunter2\" > f"), ["hunter2"]);
        assert_eq!(hits(r#"CMD ["x", "--password=a b", "y"]"#), ["a b"]);
        assert_eq!(hits(r#"RUN echo '{"password": "a b", "user": "c"}'"#), ["a b"]);
        assert_eq!(hits(r#"RUN echo "{\"password\": \"a b\"}""#), ["a b"]);
        assert_eq!(hits("RUN x config['secret'] = 'a b'"), ["a b"]);
        assert_eq!(hits("RUN x ?token=abc1&b=2&sig=s3"), ["abc1", "s3"]);
        assert_eq!(hits("RUN x \"Server=a;Password=p w;Database=b\""), ["p w"]);
        assert_eq!(hits("RUN openssl -passin pass:hunter2 -in x"), ["hunter2"]);
        assert_eq!(hits("RUN x ${DB_PASSWORD:-hunter2} ${A:-b}"), ["hunter2"]);
        assert_eq!(hits(r"RUN echo -e '[d]\naccess_key=abc\nsecret_key=def'"), ["abc", "def"]);
        assert_eq!(hits("RUN x -H \"Authorization: Bearer abc.def\" y"), ["abc.def"]);
        assert_eq!(hits("RUN A=pZWEVzA7h2FcKLgVM3ec5Eiik7eU9Ehp b"), ["pZWEVzA7h2FcKLgVM3ec5Eiik7eU9Ehp"]);
    }

    #[test]
    fn not_assignments_of_secrets() {
        for text in [
            "FROM registry.example/secret:1.2 AS token",
            "RUN --mount=type=secret,id=npm_token,target=/root/.npmrc x",
            "RUN jupyter --ServerApp.token= --ServerApp.password= --x",
            "RUN docker pull registry.example/auth-token:v2",
            "RUN git -c credential.helper=store clone https://host/x?ref=main",
            "RUN GPG_KEY=0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D x",
            "RUN docker run -v /etc/passwd:/etc/passwd:ro x",
            "RUN echo 'x ALL=(ALL) NOPASSWD:ALL'",
        ] {
            assert_eq!(hits(text), Vec::<&str>::new(), "{text}");
        }
    }
}
