//! Made-up secrets that can be told apart wherever they turn up.
//!
//! Every secret holds a marker at its start and at its end: three fixed letters and five that are a number. Upper-case
//! letters are in the alphabet of every token format. A marker is found in any case, and when it was cut short. The
//! tokens are put together at run time: the source holds none.

use std::collections::{BTreeMap, BTreeSet};

/// Begins every marker.
const MARK: &str = "ZQX";
/// Letters behind it.
const DIGITS: u32 = 5;
/// Numbers that many letters can hold.
const NUMBERS: u32 = 26_u32.pow(DIGITS);
/// Spreads neighbouring numbers, so that no marker is `AAAAA`; it has an inverse because 26 does not divide it.
const SPREAD: u32 = 1_234_577;

/// Where a secret was planted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Planted {
    /// The place, as the table calls it.
    pub(crate) position: String,
    /// The form of the secret.
    pub(crate) form: &'static str,
}

/// All secrets of a test.
#[derive(Debug, Default)]
pub(crate) struct Canaries {
    planted: Vec<Planted>,
    /// The numbers by what their letters spell.
    spread: BTreeMap<u32, usize>,
}

impl Canaries {
    /// A secret of this form that stands nowhere else.
    pub(crate) fn plant(&mut self, position: &str, form: &Form) -> String {
        let number = u32::try_from(self.planted.len()).unwrap();
        assert!(number < NUMBERS);
        self.spread.insert(spread(number), self.planted.len());
        self.planted.push(Planted { position: position.to_owned(), form: form.name });
        (form.make)(&Material { marker: marker(number), seed: number })
    }

    /// The number of the next secret.
    pub(crate) fn len(&self) -> usize {
        self.planted.len()
    }

    /// What was planted under a number.
    pub(crate) fn planted(&self, number: usize) -> &Planted {
        &self.planted[number]
    }

    /// The numbers of the secrets in a text. One that cannot be told, because its marker was cut short, is `None`.
    pub(crate) fn find(&self, text: &str) -> BTreeSet<Option<usize>> {
        let upper = text.to_ascii_uppercase();
        let mut rest = upper.as_str();
        let mut numbers = BTreeSet::new();
        while let Some((_, behind)) = rest.split_once(MARK) {
            let digits = behind.bytes().take(DIGITS as usize).take_while(u8::is_ascii_uppercase).count();
            let number = (digits == DIGITS as usize).then(|| self.number(&behind.as_bytes()[..digits]));
            numbers.insert(number.flatten());
            rest = &behind[digits..];
        }
        numbers
    }

    fn number(&self, digits: &[u8]) -> Option<usize> {
        let written = digits.iter().fold(0, |sum, digit| sum * 26 + u32::from(digit - b'A'));
        self.spread.get(&written).copied()
    }
}

fn spread(number: u32) -> u32 {
    // The product fits: both are below 2^32.
    u32::try_from((u64::from(number) + 777) * u64::from(SPREAD) % u64::from(NUMBERS)).unwrap()
}

fn marker(number: u32) -> String {
    let mut rest = spread(number);
    let mut letters = [b'A'; DIGITS as usize];
    for letter in letters.iter_mut().rev() {
        *letter += u8::try_from(rest % 26).unwrap();
        rest /= 26;
    }
    format!("{MARK}{}", String::from_utf8_lossy(&letters))
}

/// What a secret is made of.
pub(crate) struct Material {
    marker: String,
    seed: u32,
}

impl Material {
    /// Letters and digits that look drawn by lot and are the same in every run.
    fn filler(&self, alphabet: &[u8], len: usize) -> String {
        let mut state = u64::from(self.seed) * 2 + 0x9E37_79B9_7F4A_7C15;
        let letters = (0..len).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(state >> 40) as usize % alphabet.len()])
        });
        letters.collect()
    }

    /// `prefix`, then `len` letters and digits that begin and end with the marker.
    fn token(&self, prefix: &str, len: usize) -> String {
        let filler = self.filler(b"bcdfghkmnprstvw23456789BCDFGHKMNPRSTVW", len - 2 * self.marker.len());
        format!("{prefix}{}{filler}{}", self.marker, self.marker)
    }
}

/// A form that secrets have.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    make: fn(&Material) -> String,
}

/// Passwords: only what stands around one tells what it is. None needs quotes, not in JSON and not in a URL.
pub(crate) const PASSWORDS: [Form; 3] = [
    Form { name: "word", make: |one| format!("{0}k9{0}", one.marker) },
    Form { name: "symbols", make: |one| format!("{0}~.!%2b-_{0}", one.marker) },
    Form { name: "dollar", make: |one| format!("{0}$7{0}", one.marker) },
];

/// Tokens: known by their looks wherever they stand. Lengths are those that the services give out.
pub(crate) const TOKENS: [Form; 14] = [
    Form {
        name: "aws",
        make: |one| format!("AKIA{}{}", one.marker, one.filler(b"BCDFGHKMNPRSTVW234567", 8)),
    },
    Form { name: "github", make: |one| one.token("ghp_", 36) },
    Form { name: "github-fine", make: |one| one.token(&format!("github_{}_", "pat"), 82) },
    Form { name: "gitlab", make: |one| one.token("glpat-", 20) },
    Form { name: "slack", make: |one| one.token("xoxb-", 40) },
    Form { name: "stripe", make: |one| one.token(&format!("sk_{}_", "live"), 24) },
    Form { name: "npm", make: |one| one.token("npm_", 36) },
    Form { name: "pypi", make: |one| one.token("pypi-AgE", 80) },
    Form { name: "google", make: |one| one.token("AIza", 35) },
    Form { name: "docker", make: |one| one.token("dckr_pat_", 27) },
    Form { name: "hugging-face", make: |one| one.token("hf_", 34) },
    Form { name: "openai", make: |one| one.token("sk-proj-", 60) },
    Form { name: "sendgrid", make: |one| format!("SG.{}.{}", one.token("", 22), one.token("", 43)) },
    Form {
        name: "jwt",
        make: |one| format!("eyJ{}.eyJ{}.{}", one.token("", 33), one.token("", 40), one.token("", 43)),
    },
];
