//! Secrets on their way into a command's standard input: `echo user:X | chpasswd`, here-strings and here-documents.

use std::ops::Range;

use super::Scan;
use super::names::{Name, judge};
use super::value::is_harmless;
use super::words::{Item, Words, argument_after, base_name, is_before_command, tail};

/// Commands that read a secret from standard input.
const READERS: [&str; 10] = [
    "chpasswd",
    "newusers",
    "passwd",
    "smbpasswd",
    "vncpasswd",
    "saslpasswd2",
    "kinit",
    "ldappasswd",
    "cryptsetup",
    "pdbedit",
];

/// Flags that make a command read one.
const FLAGS: [&str; 7] = [
    "--password-stdin",
    "--stdin",
    "-stdin",
    "--passphrase-fd",
    "--with-token",
    "--pass-stdin",
    "--token-stdin",
];

#[derive(Default)]
struct State {
    /// Where the arguments of the last `echo` or `printf` begin, and of the first one since the last `(`.
    echo: Option<usize>,
    group: Option<usize>,
    /// The `|` before this command.
    bar: Option<usize>,
    has_command: bool,
    /// The command runs under sudo, whose -S reads a password.
    sudo: bool,
    reader: bool,
    document: Document,
    /// Where the last break stood.
    last_break: usize,
}

/// A here-document whose body is still to come.
#[derive(Default)]
enum Document {
    #[default]
    None,
    /// Its delimiter is quoted and is the next word.
    Named,
    /// Its delimiter.
    Until(Range<usize>),
}

/// Looks at every pipeline.
pub(super) fn find(scan: &mut Scan<'_>) {
    let mut words = Words::new(scan.text);
    let mut state = State::default();
    while let Some(item) = words.next() {
        match item {
            Item::Word(word) => {
                if let Some(end) = one(scan, &mut state, &word) {
                    words.at = words.at.max(end);
                }
            }
            Item::Break(byte, at) => {
                if byte == b'\n'
                    && let Document::Until(delimiter) = std::mem::take(&mut state.document)
                {
                    words.at = body(scan, &delimiter, at + 1);
                }
                next_command(&mut state, byte, at);
            }
        }
    }
}

fn next_command(state: &mut State, byte: u8, at: usize) {
    let is_pipe = byte == b'|' && !(state.last_break + 1 == at && at > 0);
    state.bar = is_pipe.then_some(at);
    state.has_command = false;
    state.sudo = false;
    state.reader = false;
    state.last_break = at;
    match byte {
        b'(' => state.group = None,
        b'\n' => (state.echo, state.group) = (None, None),
        _ => {}
    }
}

fn one(scan: &mut Scan<'_>, state: &mut State, word: &Range<usize>) -> Option<usize> {
    let text = &scan.text[word.clone()];
    if matches!(state.document, Document::Named) {
        state.document = Document::Until(word.clone());
        return None;
    }
    if let Some(rest) = text.strip_prefix("<<") {
        return state.reader.then(|| here(scan, state, word, rest)).flatten();
    }
    if text.starts_with('>') || text == "tee" {
        redirected(scan, state, word);
        return None;
    }
    let name = base_name(&scan.text[tail(scan.text, word)]);
    if matches!(name, "echo" | "printf" | "print" | "Write-Output" | "yes") {
        state.echo = Some(word.end);
        state.group.get_or_insert(word.end);
    }
    state.sudo |= name == "sudo";
    let reads = if state.has_command || is_before_command(text) {
        FLAGS.contains(&text) || (text == "-S" && state.sudo)
    } else {
        state.has_command = true;
        READERS.contains(&name)
    };
    if reads && !state.reader {
        state.reader = true;
        if let Some(bar) = state.bar.take() {
            piped(scan, state, bar);
        }
    }
    None
}

/// Masks what `echo` writes into the pipe at `bar`.
fn piped(scan: &mut Scan<'_>, state: &mut State, bar: usize) {
    let bytes = scan.bytes();
    let (echo, group) = (state.echo.take(), state.group.take());
    let grouped = bytes[..bar].iter().rev().take(16).find(|byte| !byte.is_ascii_whitespace());
    let is_group = matches!(grouped, Some(b')' | b'}'));
    let Some(start) = (if is_group { group } else { echo }).filter(|&start| start < bar) else { return };
    if is_group || !has_break(&bytes[start..bar]) {
        argument(scan, start..bar);
    }
}

/// `echo X > password.txt`: masks what goes into a file with a secret name.
fn redirected(scan: &mut Scan<'_>, state: &mut State, word: &Range<usize>) {
    let rest = scan.text[word.clone()].trim_start_matches('>');
    let start = if rest.is_empty() || rest == "tee" {
        argument_after(scan.text, word.end)
    } else {
        Some(word.end - rest.len())
    };
    let Some(start) = start else { return };
    let path = &scan.text[super::shell::value(scan.text, start, None, false)];
    let file = base_name(path).trim_start_matches('.');
    let stem = file.split('.').next().unwrap_or_default();
    // What goes into the user database is no password.
    let is_secret = judge(stem, false) == Name::Secret && !path.ends_with("etc/passwd");
    if !is_secret && !matches!(stem, "id_rsa" | "id_ed25519" | "netrc" | "vault_pass") {
        return;
    }
    if let Some(echo) =
        state.echo.filter(|&echo| echo < word.start && !has_break(&scan.bytes()[echo..word.start]))
    {
        argument(scan, echo..scan.text[..word.start].trim_end_matches('|').len());
        state.echo = None;
    }
}

/// Whether a command ends in this text outside quotes.
fn has_break(bytes: &[u8]) -> bool {
    let mut quote = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'"' | b'\'' if quote == 0 => quote = byte,
            _ if quote == byte => quote = 0,
            b';' | b'\n' if quote == 0 => return true,
            b'&' if quote == 0 && bytes.get(at + 1) == Some(&b'&') => return true,
            _ => {}
        }
    }
    false
}

/// Masks a text that is a secret or `user:secret`, without flags and quotes around it.
fn argument(scan: &mut Scan<'_>, range: Range<usize>) -> Option<usize> {
    let text = scan.text;
    let mut start = range.start;
    loop {
        let rest = &text[start..range.end];
        start += rest.len() - rest.trim_start().len();
        let flag = ["-n ", "-e ", "-ne ", "-en ", "-E ", "-- "]
            .iter()
            .find(|flag| text[start..range.end].starts_with(**flag));
        let Some(flag) = flag else { break };
        start += flag.len();
    }
    let quotes = ['"', '\'', ' ', '\t', '\\', ')', ';'];
    let whole = text[start..range.end].trim_end_matches(quotes);
    let inner = whole.trim_start_matches(['"', '\'', '\\']);
    let start = start + whole.len() - inner.len();
    let secret = match inner.find(':') {
        Some(colon) if !inner[..colon].contains(char::is_whitespace) => {
            start + colon + 1..start + inner.len()
        }
        _ => start..start + inner.len(),
    };
    if is_harmless(&text[secret.clone()]) {
        return None;
    }
    let end = secret.end;
    scan.hit(secret);
    Some(end)
}

/// `<<<word` and `<<DELIMITER`.
fn here(scan: &mut Scan<'_>, state: &mut State, word: &Range<usize>, rest: &str) -> Option<usize> {
    let Some(_) = rest.strip_prefix('<') else {
        let name = rest.trim_start_matches(['-', '~']);
        if name.is_empty() {
            state.document = Document::Named;
        } else {
            state.document = Document::Until(word.end - name.len()..word.end);
        }
        return None;
    };
    let start = super::shell::skip_blanks(scan.bytes(), word.start + 3);
    let value = super::shell::value(scan.text, start, None, false);
    argument(scan, value)
}

/// Masks every line of a here-document; gives where the line of its delimiter begins.
fn body(scan: &mut Scan<'_>, delimiter: &Range<usize>, from: usize) -> usize {
    let text = scan.text;
    let mut at = from;
    for line in text.get(from..).unwrap_or_default().split_inclusive('\n') {
        if line.trim() == &text[delimiter.clone()] {
            return at;
        }
        argument(scan, at..at + line.trim_end().len());
        at += line.len();
    }
    at
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
    fn standard_input() {
        assert_eq!(hits("RUN echo root:hunter2 | chpasswd && x"), ["hunter2"]);
        assert_eq!(hits("RUN a && echo -n \"root:pa;ss|w\" | sudo chpasswd"), ["pa;ss|w"]);
        assert_eq!(hits("RUN echo hunter2|passwd --stdin me"), ["hunter2"]);
        assert_eq!(hits("RUN (echo hunter2; echo hunter2) | passwd me"), ["hunter2; echo hunter2"]);
        assert_eq!(hits("RUN echo hunter2 | docker login -u x --password-stdin"), ["hunter2"]);
        assert_eq!(hits("RUN x \"$(echo hunter2 | openssl passwd -1 -stdin)\""), ["hunter2"]);
        assert_eq!(hits("RUN chpasswd <<< 'root:hunter2' && x"), ["hunter2"]);
        assert_eq!(hits("RUN passwd --stdin <<<hunter2"), ["hunter2"]);
        assert_eq!(hits("RUN chpasswd <<EOF\nroot:hunter2\nme:hunter3\nEOF\necho x"), ["hunter2", "hunter3"]);
        assert_eq!(hits("RUN chpasswd <<'EOF'\nroot:hunter2\nEOF"), ["hunter2"]);
    }

    #[test]
    fn other_pipelines() {
        for text in [
            "RUN echo x | tee /etc/passwd",
            "RUN echo \"${U}:$(cat /run/secrets/P)\" | chpasswd",
            "RUN echo done; cat /run/x | chpasswd",
            "RUN echo a || passwd -l root",
            "RUN cat <<EOF\nroot:x1\nEOF",
            "RUN getent passwd | grep -E x",
        ] {
            assert_eq!(hits(text), Vec::<&str>::new(), "{text}");
        }
    }
}
