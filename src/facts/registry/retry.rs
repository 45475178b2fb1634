//! How long to wait before asking again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::{Duration, SystemTime};

/// Statuses after which the same request may succeed a moment later.
pub(super) fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// What a `Retry-After` header asks for: seconds or an HTTP date (RFC 9110, section 10.2.3). A date that is past asks
/// for no wait.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

/// The wait before attempt `attempt` (1 is the first repetition): doubled each time, less a random part up to a half,
/// so that many clients do not come back together.
pub(super) fn backoff(first: Duration, attempt: u32) -> Duration {
    let full = first.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    // The keys of the standard library's hash tables are random; that is all the randomness needed here.
    let random = RandomState::new().hash_one(attempt) % 512;
    full.saturating_sub(full / 1024 * u32::try_from(random).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let after = |text| retry_after(text, now);
        assert_eq!(after("0"), Some(Duration::ZERO));
        assert_eq!(after(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:27 GMT"), Some(Duration::ZERO));
        assert!(after("99999999999999999999999").is_some_and(|wait| wait > Duration::from_secs(1 << 30)));
        for text in ["", "-1", "soon", "1.5"] {
            assert_eq!(after(text), None, "{text}");
        }
    }

    #[test]
    fn waits_double_and_stay_in_their_range() {
        let first = Duration::from_millis(500);
        for attempt in 1..=4 {
            let full = first * (1 << (attempt - 1));
            for _ in 0..50 {
                let wait = backoff(first, attempt);
                assert!(wait <= full && wait > full / 2, "{attempt}: {wait:?}");
            }
        }
        assert!(backoff(Duration::MAX, u32::MAX) > Duration::ZERO);
    }
}
