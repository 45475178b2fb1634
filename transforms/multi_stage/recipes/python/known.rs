//! What packages need of the system they run on.
//!
//! `buildpack-deps`, which full images start from, has libraries and programs that slim images lack. A package that was
//! compiled there is linked against them; a wheel brings its libraries (PEP 513, 600, 656). Sources: the packages'
//! installation documents and the files they have on `PyPI`; docker-library/buildpack-deps for what full images have.

/// What becomes of a package in the slim image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// It is pure Python, or a wheel brings what it needs.
    Nothing,
    /// These packages of Debian.
    Packages(&'static [&'static str]),
    /// It has wheels, but perhaps not of this version for this Python. Compiled, it needs these packages of Debian; with
    /// none it is not known which.
    Compiled(&'static [&'static str]),
    /// It may compile something when the program runs, or needs libraries nobody can list.
    Unfit(&'static str),
    /// Nothing is known.
    Unknown,
}

/// Packages that need others of Debian, full image or not: programs they start, libraries they open.
pub(super) const PROGRAMS: [(&str, &[&str]); 8] = [
    ("ansible", &["openssh-client"]),
    ("ansible-core", &["openssh-client"]),
    ("ansible-runner", &["openssh-client"]),
    ("dvc", &["git"]),
    ("gitpython", &["git"]),
    ("lightgbm", &["libgomp1"]),
    ("pre-commit", &["git"]),
    ("python-gnupg", &["gnupg"]),
];

/// Packages that are always compiled, or open a library by its name.
const LINKED: [(&str, &[&str]); 11] = [
    ("cairocffi", &["libcairo2"]),
    ("cairosvg", &["libcairo2"]),
    ("flask-mysqldb", &["libmariadb3"]),
    ("mysqlclient", &["libmariadb3"]),
    ("opencv-contrib-python-headless", &["libglib2.0-0"]),
    ("opencv-python-headless", &["libglib2.0-0"]),
    ("psycopg", &["libpq5"]),
    ("psycopg-c", &["libpq5"]),
    ("psycopg2", &["libpq5"]),
    ("python-magic", &["libmagic1"]),
    ("uwsgi", &["libxml2"]),
];

/// First versions with wheels for a minor version of Python 3 (the files on `PyPI`).
type Wheels = (&'static str, &'static [(u32, [u32; 2])], &'static [&'static str]);
const WHEELS: [Wheels; 3] = [
    (
        "lxml",
        &[(8, [4, 4]), (9, [4, 6]), (10, [4, 7]), (11, [4, 9]), (12, [4, 9]), (13, [5, 3]), (14, [6, 0])],
        &["libxml2", "libxslt1.1"],
    ),
    (
        "pillow",
        &[(8, [6, 2]), (9, [8, 0]), (10, [8, 4]), (11, [9, 3]), (12, [10, 1]), (13, [11, 0]), (14, [12, 0])],
        &[],
    ),
    (
        "pyyaml",
        &[(8, [5, 4]), (9, [5, 4]), (10, [6, 0]), (11, [6, 0]), (12, [6, 1]), (13, [6, 1]), (14, [6, 1])],
        &["libyaml-0-2"],
    ),
];

/// Packages that cannot do without what full images have, and why.
const UNFIT: [(&str, &str); 29] = [
    ("aesara", "compiles code when it runs"),
    ("brian2", "compiles code when it runs"),
    ("cmdstanpy", "compiles models when it runs"),
    ("cppyy", "compiles code when it runs"),
    ("cupy", "compiles code when it runs"),
    ("deepspeed", "compiles code when it runs"),
    ("jupyter", "lets people run any program"),
    ("jupyterhub", "lets people run any program"),
    ("jupyterlab", "lets people run any program"),
    ("mercurial", "is a program for people"),
    ("mysql-python", "is linked against a library that newer releases do not have"),
    ("notebook", "lets people run any program"),
    ("playwright", "needs the libraries of a browser"),
    ("pygobject", "opens libraries by their names"),
    ("pymc", "compiles models when it runs"),
    ("pymc3", "compiles models when it runs"),
    ("pystan", "compiles models when it runs"),
    ("pytensor", "compiles code when it runs"),
    ("python-ldap", "is linked against a library whose package has another name in each release"),
    ("python3-saml", "is linked against the libraries of xmlsec"),
    ("selenium", "starts a browser"),
    ("theano", "compiles code when it runs"),
    ("triton", "compiles code when it runs"),
    ("vllm", "compiles code when it runs"),
    ("wand", "opens the libraries of ImageMagick"),
    ("weasyprint", "opens the libraries of Pango"),
    ("xmlsec", "is linked against the libraries of xmlsec"),
    ("pycairo", "is linked against libraries of the system"),
    ("pygraphviz", "is linked against libraries of the system"),
];

/// What is known about a package, in the move from the full image to the slim one. `python` is the minor version of
/// Python 3, where it is known; `version` is that of the package where it is pinned.
pub(super) fn need(name: &str, version: Option<&str>, python: Option<u32>) -> Need {
    let listed = |table: &[(&str, &'static [&'static str])]| {
        table.iter().find(|(known, _)| *known == name).map(|&(_, packages)| packages)
    };
    if let Some((_, why)) = UNFIT.iter().find(|(known, _)| *known == name) {
        return Need::Unfit(why);
    }
    if let Some(packages) = listed(&PROGRAMS).or_else(|| listed(&LINKED)) {
        return Need::Packages(packages);
    }
    if let Some(&(_, since, packages)) = WHEELS.iter().find(|(known, ..)| *known == name) {
        let Some(version) = version else { return Need::Nothing };
        let first = python.and_then(|minor| since.iter().find(|(known, _)| *known == minor));
        return match (first, parts(version)) {
            (Some((_, first)), Some(have)) if have >= *first => Need::Nothing,
            _ => Need::Compiled(packages),
        };
    }
    let is_listed = GOOD.lines().any(|line| line == name);
    let is_of_family = FAMILIES.iter().any(|start| name.starts_with(start))
        && !["ldap", "saml", "weasy", "gis", "mysql", "magick", "playwright", "selenium"]
            .iter()
            .any(|part| name.contains(part));
    if is_listed || is_of_family { Need::Nothing } else { Need::Unknown }
}

/// The first two numbers of a version.
fn parts(version: &str) -> Option<[u32; 2]> {
    let mut parts = version.split('.');
    let first = parts.next()?.parse().ok()?;
    let second = parts.next().unwrap_or("0");
    let end = second.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(second.len());
    Some([first, second.get(..end)?.parse().ok()?])
}

/// Packages that need nothing of the system; see the head of the file.
const GOOD: &str = include_str!("../../../data/python-packages.txt");

/// Families of pure packages.
const FAMILIES: [&str; 10] = [
    "azure-",
    "django-",
    "flask-",
    "google-cloud-",
    "langchain-",
    "mypy-boto3-",
    "opentelemetry-",
    "pytest-",
    "sphinxcontrib-",
    "types-",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_normalized() {
        let names: Vec<&str> = GOOD.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(names.is_sorted());
        for name in names {
            assert_eq!(super::super::requirements::name(name), name);
            let elsewhere = PROGRAMS.iter().chain(&LINKED).any(|(other, _)| *other == name)
                || UNFIT.iter().any(|(other, _)| *other == name)
                || WHEELS.iter().any(|(other, ..)| *other == name);
            assert!(!elsewhere, "{name} is in two tables");
        }
    }

    #[test]
    fn needs() {
        assert_eq!(need("flask", None, None), Need::Nothing);
        assert_eq!(need("flask-login", Some("0.6"), None), Need::Nothing);
        assert_eq!(need("django-auth-ldap", None, None), Need::Unknown);
        assert_eq!(need("our-own-package", None, Some(12)), Need::Unknown);
        assert_eq!(need("psycopg2", None, Some(12)), Need::Packages(&["libpq5"]));
        assert_eq!(need("pillow", None, Some(12)), Need::Nothing);
        assert_eq!(need("pillow", Some("10.1.0"), Some(12)), Need::Nothing);
        for (version, python) in
            [("9.5.0", Some(12)), ("10.1.0", None), ("10.1.0", Some(99)), ("x", Some(12))]
        {
            assert!(
                matches!(need("pillow", Some(version), python), Need::Compiled([])),
                "{version} {python:?}"
            );
        }
        assert!(matches!(need("theano", None, Some(11)), Need::Unfit(_)));
        assert!(matches!(need("# python packages", None, None), Need::Unknown));
    }
}
