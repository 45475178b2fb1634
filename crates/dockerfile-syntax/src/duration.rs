//! Durations as Go's `time.ParseDuration` reads them.

/// Nanoseconds, saturating; `None` when it is no duration or overflows 64 bits.
pub(crate) fn nanoseconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: f64 = 0.0;
    while !rest.is_empty() {
        let number_len = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at(number_len);
        if number.bytes().filter(|&byte| byte == b'.').count() > 1
            || !number.bytes().any(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let unit_len = tail.find(|ch: char| ch.is_ascii_digit() || ch == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_len);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        let digits = if number.starts_with('.') { format!("0{number}") } else { number.to_owned() };
        total += digits.trim_end_matches('.').parse::<f64>().ok()? * scale;
        rest = next;
    }
    // 2^63 nanoseconds are 292 years; precision near that bound does not matter here.
    (total < 9.223_372e18).then_some(if negative { -(total as i64) } else { total as i64 })
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn like_go() {
        assert_eq!(nanoseconds("1h2m3.5s"), Some(3_723_500_000_000));
        assert_eq!(nanoseconds("0"), Some(0));
        assert_eq!(nanoseconds("-5ms"), Some(-5_000_000));
        assert_eq!(nanoseconds(".5s"), Some(500_000_000));
        for bad in ["", "5", "s", "1.2.3s", "5 s", "1x", ".s", "999999h9999999999h"] {
            assert_eq!(nanoseconds(bad), None, "{bad}");
        }
    }
}
