//! Adds lines to the end of a file and leaves the rest of it alone.

/// `text` with these lines at its end, in its line endings; whether it ends with a newline stays as it is. A file that
/// is new or empty gets one.
pub(super) fn append<'l>(text: &str, lines: impl IntoIterator<Item = &'l str>) -> String {
    let ending = match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    };
    let open = !text.trim_start_matches('\u{feff}').is_empty() && !text.ends_with('\n');
    let mut out = text.to_owned();
    for line in lines {
        if open {
            out.push_str(ending);
        }
        out.push_str(line);
        if !open {
            out.push_str(ending);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn line_endings_and_the_end_of_the_file_stay() {
        for (text, expected) in [
            ("", "x\ny\n"),
            ("a\n", "a\nx\ny\n"),
            ("a", "a\nx\ny"),
            ("a\r\nb\r\n", "a\r\nb\r\nx\r\ny\r\n"),
            ("a\r\nb", "a\r\nb\r\nx\r\ny"),
            ("\u{feff}", "\u{feff}x\ny\n"),
            ("\n", "\nx\ny\n"),
        ] {
            assert_eq!(append(text, ["x", "y"]), expected, "{text:?}");
            assert_eq!(append(text, []), text);
        }
    }
}
