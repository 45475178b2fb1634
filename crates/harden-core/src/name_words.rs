//! The words of a variable's name.

/// Splits at what is no letter or digit and where the case changes, in lower case: `dbPassword2`, `DB_PASSWORD2` and
/// `db-password2` give `db` and `password2`. No word is empty.
pub(crate) fn split(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, &byte) in bytes.iter().enumerate() {
        let next_is_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let begins = match at.checked_sub(1).map(|before| bytes[before]) {
            Some(before) if byte.is_ascii_uppercase() => {
                before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_is_lower)
            }
            _ => false,
        };
        if (begins || !byte.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if byte.is_ascii_alphanumeric() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The length of a word without the digits at its end.
pub(crate) fn without_digits(word: &str) -> usize {
    word.trim_end_matches(|ch: char| ch.is_ascii_digit()).len()
}
