//! Makes text harmless for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces what a terminal would act on instead of show. `text` is one line without its ending, so a carriage return in
/// it is one that would move the cursor back over what was printed.
///
/// C0 controls and DEL become Unicode control pictures; C1 controls (U+009B starts an escape sequence), line separators,
/// byte order marks and text direction controls (CVE-2021-42574, "Trojan Source") become `<U+202E>`. Tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\u{7f}' => shown.push('\u{2421}'),
            '\0'..='\u{1f}' if hidden(character) => {
                // U+2400 to U+241F are the pictures of U+0000 to U+001F, in the same order.
                shown.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'));
            }
            _ if hidden(character) => {
                // Writing to a `String` cannot fail.
                let _ = write!(shown, "<U+{:04X}>", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

fn hidden(character: char) -> bool {
    match character {
        '\t' => false,
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn every_control_character_is_shown() {
        for code in (0..0x20).chain(0x7f..0xa0) {
            let character = char::from_u32(code).unwrap();
            let text = format!("a{character}b");
            let shown = visible(&text);
            if character == '\t' {
                assert_eq!(shown, text);
            } else {
                assert!(!shown.chars().any(char::is_control), "{code:#x} reaches the terminal: {shown:?}");
                assert!(shown.chars().count() > 2, "{code:#x} vanished: {shown:?}");
            }
        }
    }

    #[test]
    fn pictures_and_names() {
        assert_eq!(visible("\u{1b}[2J\r"), "\u{241b}[2J\u{240d}");
        assert_eq!(visible("\u{9b}\u{202e}\u{7f}"), "<U+009B><U+202E>\u{2421}");
        assert_eq!(visible("plain é 日本"), "plain é 日本");
    }
}
