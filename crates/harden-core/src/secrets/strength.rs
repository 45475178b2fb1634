//! How a literal value came about: made up by a machine, chosen by a person, or copied from a manual.

use super::names;
use super::vocabulary::{has_loud_marker, is_guessable, is_marked};

/// Longest value that is rated; longer text is no password.
const MAX_VALUE: usize = 512;

/// What a literal looks like, from the least to the most telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quality {
    /// To be filled in: `changeme`, `your-key-here`, `xxxx`.
    Placeholder,
    /// On top of every list of guesses: `password`, `postgres`, `123456`, `mysecretpassword`.
    Guessable,
    /// A guess with digits, signs or look-alike letters: `P@ssw0rd1`.
    Variant,
    /// Letters and separators only.
    Words,
    /// Words with digits or signs behind them, or less than eight characters.
    Simple,
    /// Letters mixed with digits and signs.
    Mixed,
    /// Made by a machine.
    Random,
}

/// Rates a literal. `own`: words that stand around it, such as the name of its variable or user.
pub(super) fn rate(value: &str, own: &[String]) -> Quality {
    let value = value.trim();
    if value.len() > MAX_VALUE {
        let marked = value.get(..MAX_VALUE).is_some_and(|head| has_loud_marker(&head.to_ascii_lowercase()));
        return match is_random(value) {
            true if marked => Quality::Placeholder,
            true => Quality::Random,
            false => Quality::Words,
        };
    }
    let lower = value.to_ascii_lowercase();
    if is_repeated(value) {
        let digits = value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() >= 3;
        return if digits { Quality::Guessable } else { Quality::Placeholder };
    }
    if is_random(value) {
        let marked = has_loud_marker(&lower) || is_counted(value);
        return if marked { Quality::Placeholder } else { Quality::Random };
    }
    if is_sequence(&lower) {
        return Quality::Guessable;
    }
    let words = names::words(value);
    if is_marked(&lower, &words) {
        return Quality::Placeholder;
    }
    let letters: String = lower.chars().filter(char::is_ascii_alphabetic).collect();
    let plain = value.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_. :,/".contains(&byte));
    if is_guessable(&letters, own) {
        return if plain { Quality::Guessable } else { Quality::Variant };
    }
    let stem = lower.trim_end_matches(|ch: char| !ch.is_ascii_alphabetic());
    let read = without_lookalikes(stem);
    if is_guessable(&read, own) || is_guessable(&without_lookalikes(&lower), own) {
        return Quality::Variant;
    }
    if plain {
        return Quality::Words;
    }
    let tail = value.len() - stem.len();
    let simple = tail <= 4 && stem.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_.".contains(&byte));
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    if value.len() >= 16 && is_counted(value) {
        return Quality::Placeholder;
    }
    if simple || digits || value.len() < 8 { Quality::Simple } else { Quality::Mixed }
}

/// Letters in the place of the digits and signs that people write for them.
fn without_lookalikes(lower: &str) -> String {
    lower
        .chars()
        .filter_map(|ch| match ch {
            '@' | '4' => Some('a'),
            '0' => Some('o'),
            '1' | '!' => Some('i'),
            '3' => Some('e'),
            '$' | '5' => Some('s'),
            '7' => Some('t'),
            _ => ch.is_ascii_alphabetic().then_some(ch),
        })
        .collect()
}

/// One or two characters again and again: `xxxx`, `****`, `00000000`, a zero UUID.
pub(super) fn is_repeated(value: &str) -> bool {
    let mut seen = [false; 256];
    value.bytes().filter(|byte| *byte != b'-').for_each(|byte| seen[usize::from(byte)] = true);
    let distinct = seen.iter().filter(|&&one| one).count();
    distinct <= 1 || (distinct == 2 && value.len() >= 12)
}

/// `123456`, `abcdef`, `qwerty123`, `987654321`.
fn is_sequence(lower: &str) -> bool {
    let letters_and_digits = lower.len() >= 3 && lower.bytes().all(|byte| byte.is_ascii_alphanumeric());
    letters_and_digits && steps(lower) + 2 >= lower.len()
}

/// How many characters follow the one before in the alphabet, the digits or on the keyboard, or repeat it.
fn steps(lower: &str) -> usize {
    const KEYS: &[u8; 26] = b"qwertyuiopasdfghjklzxcvbnm";
    let on_keyboard = |one: u8, two: u8| {
        let at = KEYS.iter().position(|key| *key == one);
        at.and_then(|at| KEYS.get(at + 1)).is_some_and(|next| *next == two)
    };
    let follows = |pair: &&[u8]| {
        let (one, two) = (pair[0], pair[1]);
        let digits = one.is_ascii_digit() && two.is_ascii_digit();
        one == two
            || two == one.wrapping_add(1)
            || (digits && one == two + 1)
            || (one == b'9' && two == b'0')
            || on_keyboard(one, two)
    };
    lower.as_bytes().windows(2).filter(follows).count()
}

/// Whether a third of a long text counts up: `1234567890abcdef`, `0123456789…`.
pub(super) fn is_counted(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.len() >= 8 && steps(&value) * 3 > value.len()
}

/// Whether the value is a UUID (RFC 9562).
pub(super) fn is_uuid(value: &str) -> bool {
    let mut lengths = [8, 4, 4, 4, 12].into_iter();
    value
        .split('-')
        .all(|part| lengths.next() == Some(part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && lengths.next().is_none()
}

/// Whether a part of the value looks like a machine drew it: at least sixteen letters and digits in mixed order with
/// 3.5 bits of entropy a character, or a long hexadecimal number.
pub(super) fn is_random(value: &str) -> bool {
    let value = match value.len() {
        0..=MAX_VALUE => value,
        _ => (MAX_VALUE - 3..=MAX_VALUE).rev().find_map(|end| value.get(..end)).unwrap_or_default(),
    };
    let by_run = value
        .split(|ch: char| !(ch.is_ascii_alphanumeric() || matches!(ch, '+' | '=')))
        .any(|run| is_random_run(run.as_bytes()));
    by_run || is_random_whole(value.as_bytes())
}

fn is_random_run(run: &[u8]) -> bool {
    if run.len() < 16 {
        return false;
    }
    let shape = Shape::of(run);
    if run.iter().all(u8::is_ascii_hexdigit) && shape.digits > 1 && shape.letters() > 0 {
        let one_case = shape.lower == 0 || shape.upper == 0;
        return one_case && (run.len() >= 20 || shape.digits >= 5) && shape.entropy >= 2.9;
    }
    let mixed = shape.lower > 0 && shape.upper > 0;
    // Of letters and digits drawn at random about 62 of 100 neighbours differ in class; of one case and digits 40.
    let jumpy = shape.jumps * 100 >= run.len() * if mixed { 43 } else { 25 };
    if shape.digits == 0 {
        // Mixed case alone is camel case, where no two capitals meet, unless it changes like dice.
        let meet = run.windows(2).filter(|pair| pair.iter().all(u8::is_ascii_uppercase)).count();
        return mixed
            && meet >= 2
            && run.len() >= 20
            && shape.jumps * 100 >= run.len() * 38
            && shape.entropy >= 3.5;
    }
    shape.letters() > 3 && shape.digits > 1 && jumpy && shape.entropy >= 3.5
}

/// Random text with separators in it, as URL-safe base64 and generated passwords have.
fn is_random_whole(value: &[u8]) -> bool {
    if value.len() < 20 || !value.iter().all(u8::is_ascii_graphic) {
        return false;
    }
    let shape = Shape::of(value);
    let wide = shape.lower >= 3 && shape.upper >= 3 && shape.digits >= 2;
    let path = value.iter().filter(|byte| matches!(byte, b'/' | b'.' | b':')).count() * 8 > value.len();
    wide && !path && shape.entropy >= 4.0 && shape.jumps * 100 >= value.len() * 40
}

#[derive(Debug)]
struct Shape {
    lower: usize,
    upper: usize,
    digits: usize,
    /// How often the next character is of another class.
    jumps: usize,
    /// Shannon entropy in bits a character.
    entropy: f64,
}

impl Shape {
    fn of(bytes: &[u8]) -> Self {
        let class = |byte: u8| match byte {
            b'a'..=b'z' => 0_usize,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        let (mut classes, mut counts) = ([0_usize; 4], [0_u32; 256]);
        for &byte in bytes {
            classes[class(byte)] += 1;
            counts[usize::from(byte)] += 1;
        }
        let jumps = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
        let total = f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let bits = |&count: &u32| {
            let share = f64::from(count) / total;
            -share * share.log2()
        };
        let entropy = counts.iter().filter(|&&count| count > 0).map(bits).sum();
        Self { lower: classes[0], upper: classes[1], digits: classes[2], jumps, entropy }
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings() {
        for (value, quality) in [
            ("changeme", Quality::Placeholder),
            ("your-api-key-here", Quality::Placeholder),
            ("xxxxxxxx", Quality::Placeholder),
            ("FAKE_TO_GENERATE_WARNING", Quality::Placeholder),
            ("00000000-0000-0000-0000-000000000000", Quality::Placeholder),
            ("password", Quality::Guessable),
            ("my-secret-password", Quality::Guessable),
            ("123456", Quality::Guessable),
            ("qwerty", Quality::Guessable),
            ("P@ssw0rd1!", Quality::Variant),
            ("root123", Quality::Variant),
            ("fsociety", Quality::Words),
            ("hunter22x", Quality::Mixed),
            ("summer2024", Quality::Simple),
            ("Tr0ub4dor&3", Quality::Mixed),
            ("cf658c56a501385205cc6d2dafee8fc1", Quality::Random),
            ("k8s-cf658c56a501385205cc6d2dafee8fc1", Quality::Random),
        ] {
            assert_eq!(rate(value, &[]), quality, "{value}");
        }
    }

    #[test]
    fn randomness() {
        for value in
            ["pZWEVzA7h2FcKLgVM3ec5Eiik7eU9Ehp", "x7k2m9q4w8e1r5t3y6u0", "aB3-xK9_qLmNo4zTTw8Rk1P0sYv2"]
        {
            assert!(is_random(value), "{value}");
        }
        for value in [
            "OpenJDK17UjdkX64LinuxHotspot",
            "org.example.VeryLongClassName2Factory",
            "apache-tomcat-9.0.100-deployer",
            "ThisIsAVeryLongCamelCaseName",
            "the_quick_brown_fox_jumps",
            "ubuntu-22.04-lts-server-amd64",
            "2024-01-01T00:00:00Z",
        ] {
            assert!(!is_random(value), "{value} {:?}", Shape::of(value.as_bytes()));
        }
        assert!(is_uuid("123e4567-e89b-12d3-a456-426614174000"));
        assert!(!is_uuid("123e4567-e89b-12d3-a456"));
        assert!(is_counted("1234567890abcdef"));
    }
}
