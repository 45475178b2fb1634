//! What a file name says about whether ADD would extract the file.
//!
//! The content decides; a name only helps where the content is not at hand.

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Files of this kind do not begin with a tar header, whatever they hold.
    Never,
    /// Files of this kind are tar archives or may be: plain, compressed, or under another name (a gem, an Alpine
    /// package and a crate are tar archives).
    Archive,
    /// It says nothing.
    Open,
}

/// Kinds that are text, or binary formats with their own first bytes (zip, ELF, PE, PNG, PDF …).
const NEVER: &[&str] = &[
    // Source code and scripts.
    "bash",
    "bat",
    "c",
    "cc",
    "cjs",
    "clj",
    "cmd",
    "coffee",
    "cpp",
    "cs",
    "dart",
    "el",
    "erl",
    "ex",
    "exs",
    "fish",
    "fs",
    "go",
    "groovy",
    "h",
    "hpp",
    "hs",
    "java",
    "jl",
    "js",
    "jsx",
    "kt",
    "kts",
    "lua",
    "mjs",
    "ml",
    "php",
    "phtml",
    "pl",
    "pm",
    "ps1",
    "psm1",
    "py",
    "pyx",
    "r",
    "rb",
    "rs",
    "scala",
    "scss",
    "sh",
    "sql",
    "swift",
    "tcl",
    "ts",
    "tsx",
    "vb",
    "vbs",
    "vue",
    "zsh",
    // Configuration and data in text.
    "cfg",
    "cnf",
    "conf",
    "config",
    "csproj",
    "css",
    "csv",
    "desktop",
    "editorconfig",
    "env",
    "fsproj",
    "gradle",
    "graphql",
    "hcl",
    "htm",
    "html",
    "in",
    "ini",
    "j2",
    "json",
    "json5",
    "jsonc",
    "ldif",
    "less",
    "list",
    "lock",
    "logrotate",
    "map",
    "md",
    "mod",
    "mount",
    "network",
    "nix",
    "pbtxt",
    "pref",
    "properties",
    "proto",
    "repo",
    "rst",
    "rules",
    "sample",
    "service",
    "sln",
    "socket",
    "sources",
    "sum",
    "svg",
    "target",
    "template",
    "tf",
    "tfvars",
    "timer",
    "tmpl",
    "toml",
    "tpl",
    "tsv",
    "txt",
    "vbproj",
    "vcl",
    "vhost",
    "vim",
    "wsgi",
    "xhtml",
    "xml",
    "xsd",
    "xsl",
    "yaml",
    "yml",
    // Keys and certificates.
    "asc",
    "cer",
    "crt",
    "csr",
    "gpg",
    "key",
    "p12",
    "pem",
    "pfx",
    "pub",
    // Zip and its relatives, packages that are not tar, programs, pictures, fonts.
    "aar",
    "deb",
    "dll",
    "docx",
    "ear",
    "egg",
    "exe",
    "gif",
    "ico",
    "jar",
    "jpeg",
    "jpg",
    "msi",
    "nupkg",
    "pdf",
    "png",
    "rpm",
    "so",
    "ttf",
    "war",
    "wasm",
    "webp",
    "whl",
    "woff",
    "woff2",
    "xlsx",
    "zip",
];

/// Whole names that are text.
const NEVER_NAMES: &[&str] = &[
    ".bash_profile",
    ".bashrc",
    ".babelrc",
    ".dockerignore",
    ".env",
    ".eslintrc",
    ".gitconfig",
    ".gitignore",
    ".npmrc",
    ".profile",
    ".vimrc",
    ".yarnrc",
    ".zshrc",
    "Brewfile",
    "CMakeLists.txt",
    "Caddyfile",
    "Dockerfile",
    "Gemfile",
    "Jenkinsfile",
    "LICENSE",
    "Makefile",
    "Pipfile",
    "Procfile",
    "README",
    "Rakefile",
    "Vagrantfile",
    "authorized_keys",
    "crontab",
    "gradlew",
    "mvnw",
    "nsswitch.conf",
    "odbcinst.ini",
    "pgpass",
    "rebar.config",
    "sources.list",
];

const ARCHIVE: &[&str] = &[
    "apk", "box", "bz2", "cpio", "crate", "gem", "gz", "lz", "lz4", "lzma", "oci", "ova", "phar", "rootfs",
    "tar", "taz", "tbz", "tbz2", "tgz", "tlz", "txz", "tzst", "xbps", "xz", "z", "zst",
];

/// Reads the last part of `source`. A wildcard in the extension, or a name that is all wildcard, says nothing.
pub(crate) fn look(source: &str) -> Name {
    let name = source.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    if source.ends_with('/') || name.is_empty() {
        return Name::Open;
    }
    if NEVER_NAMES.contains(&name) {
        return Name::Never;
    }
    // `layer.tar.old`, `app.tar-1.2`, `x.tgz.*`
    let lower = name.to_ascii_lowercase();
    if lower
        .split(['.', '-', '_', '*', '?'])
        .skip(1)
        .any(|part| matches!(part, "tar" | "tgz" | "txz" | "tbz" | "tbz2"))
    {
        return Name::Archive;
    }
    match lower.rsplit_once('.') {
        Some((_, extension)) if NEVER.contains(&extension) => Name::Never,
        Some((_, extension)) if ARCHIVE.contains(&extension) => Name::Archive,
        _ => Name::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for never in [
            "app.jar",
            "target/*.jar",
            "package*.json",
            "a/b/Gemfile",
            "nginx.conf",
            "X.JSON",
            "lib.so",
            ".env",
        ] {
            assert_eq!(look(never), Name::Never, "{never}");
        }
        for archive in [
            "a.tar",
            "a.tar.gz",
            "rootfs.tar.xz",
            "x.tgz",
            "x.gem",
            "app.tar-1.2",
            "x.tar.gz.part",
            "y.zst",
            "a.tar.*",
        ] {
            assert_eq!(look(archive), Name::Archive, "{archive}");
        }
        for open in ["src", "src/", "*", "app.*", "bin/server", "conf.d/", "a.json/", "v1.2", "", "data.bin"]
        {
            assert_eq!(look(open), Name::Open, "{open}");
        }
    }

    #[test]
    fn no_kind_is_in_both_lists() {
        assert!(NEVER.iter().all(|kind| !ARCHIVE.contains(kind)));
    }
}
