//! The `WWW-Authenticate` header (RFC 9110, section 11.6.1) as registries use it (distribution token specification).

/// What a registry wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token from a token server.
    Bearer {
        /// Address of the token server.
        realm: String,
        /// What the token is for, as the token server knows it.
        service: Option<String>,
        /// What has to be allowed, when the registry says so.
        scope: Option<String>,
    },
    /// User name and password.
    Basic,
}

/// Longest header that is read, in bytes.
const MAX_HEADER: usize = 8 << 10;

impl Challenge {
    /// The challenge to answer among the `WWW-Authenticate` headers of an answer: Bearer before Basic, as Docker
    /// does. `None` when there is neither.
    pub(super) fn choose<'h>(headers: impl IntoIterator<Item = &'h str>) -> Option<Self> {
        let all: Vec<_> =
            headers.into_iter().filter(|text| text.len() <= MAX_HEADER).flat_map(challenges).collect();
        let bearer = all.iter().find_map(|(scheme, parameters)| {
            let value = |name: &str| {
                parameters
                    .iter()
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.clone())
                    .filter(|v| !v.is_empty())
            };
            let realm = scheme.eq_ignore_ascii_case("bearer").then(|| value("realm")).flatten()?;
            Some(Self::Bearer { realm, service: value("service"), scope: value("scope") })
        });
        let basic =
            || all.iter().any(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).then_some(Self::Basic);
        bearer.or_else(basic)
    }
}

type Parsed = (String, Vec<(String, String)>);

/// Every challenge of one header. A header may hold several, and commas separate both challenges and parameters:
/// a word that is not followed by `=` begins a new challenge.
fn challenges(header: &str) -> Vec<Parsed> {
    let mut found: Vec<Parsed> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        if end == 0 {
            return found;
        }
        let (word, after) = rest.split_at(end);
        if let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') {
            // `token68` credentials may end in `=`; no registry sends them, and what follows is read as a value.
            let (value, after) = parameter(value.trim_start_matches([' ', '\t']));
            if let Some((_, parameters)) = found.last_mut() {
                parameters.push((word.to_ascii_lowercase(), value));
            }
            rest = after;
        } else {
            found.push((word.to_owned(), Vec::new()));
            rest = after;
        }
    }
}

/// A quoted string or a token, and what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen<const N: usize>(headers: [&str; N]) -> Challenge {
        Challenge::choose(headers).expect("a challenge")
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) }
    }

    #[test]
    fn the_challenge_of_docker_hub() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/node:pull""#;
        assert_eq!(
            chosen([header]),
            bearer(
                "https://auth.docker.io/token",
                Some("registry.docker.io"),
                Some("repository:library/node:pull")
            )
        );
    }

    #[test]
    fn spelling_varies() {
        let comma_in_quotes = r#"bearer REALM = "https://a.example/t" , Scope="repository:a:pull,push""#;
        assert_eq!(
            chosen([comma_in_quotes]),
            bearer("https://a.example/t", None, Some("repository:a:pull,push"))
        );
        assert_eq!(
            chosen(["Bearer realm=https://a.example/t,service=s"]),
            bearer("https://a.example/t", Some("s"), None)
        );
        assert_eq!(chosen([r#"Bearer realm="a\"b\\c""#]), bearer(r#"a"b\c"#, None, None));
        assert_eq!(chosen([r#"Bearer realm="never closed"#]), bearer("never closed", None, None));
    }

    #[test]
    fn bearer_wins_over_basic() {
        let both = [r#"Basic realm="x""#, r#"Bearer realm="https://a.example/t""#];
        assert_eq!(chosen(both), bearer("https://a.example/t", None, None));
        assert_eq!(
            chosen([r#"Basic realm="x", Bearer realm="https://a.example/t""#]),
            bearer("https://a.example/t", None, None)
        );
        assert_eq!(chosen(["Basic"]), Challenge::Basic);
        for nothing in ["", "Negotiate", "Bearer", r#"Bearer service="s""#, "=", ",,", "\u{e9}"] {
            assert_eq!(Challenge::choose([nothing]), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(text in ".*") {
            let _ = Challenge::choose([text.as_str()]);
        }
    }
}
