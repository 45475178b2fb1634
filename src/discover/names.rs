//! Which file names are Dockerfiles, compose files, bake files and descriptions of development containers.
//!
//! A walk takes `Dockerfile`, `dockerfile`, `Dockerfile.*`, `*.dockerfile` (any case) and `Containerfile*`. Of these it
//! leaves out what is not a Dockerfile whatever its stem says: ignore files, documents, backups, patches and templates
//! ([`NOT_DOCKERFILES`]). A file that is named on the command line is taken whatever its name.

use std::ffi::OsStr;

/// What a file is to discovery, judged by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Dockerfile,
    Compose,
    BakeHcl,
    BakeJson,
    /// `devcontainer.json`; the folder decides whether it is one.
    Devcontainer,
}

/// Last extensions, in lower case, of files that only look like Dockerfiles.
///
/// `in` and the template languages need a program to become a Dockerfile; rewriting one would change the source of
/// many files at once, in a language this program does not read.
const NOT_DOCKERFILES: &[&str] = &[
    // Beside a Dockerfile.
    "dockerignore",
    "containerignore",
    "adoc",
    "markdown",
    "md",
    "rst",
    // Left behind by editors and patches.
    "bak",
    "diff",
    "orig",
    "patch",
    "rej",
    "swn",
    "swo",
    "swp",
    "tmp",
    // Templates.
    "ejs",
    "erb",
    "gotmpl",
    "hbs",
    "in",
    "j2",
    "jinja",
    "jinja2",
    "liquid",
    "m4",
    "mustache",
    "template",
    "tera",
    "tmpl",
    "tpl",
    "tt",
];

/// The role of a file with this name, if it has one. Names that are not UTF-8 work: only ASCII parts are compared.
pub(super) fn role(name: &OsStr) -> Option<Role> {
    let name = name.as_encoded_bytes();
    match name {
        b"docker-bake.hcl" | b"docker-bake.override.hcl" => return Some(Role::BakeHcl),
        b"docker-bake.json" | b"docker-bake.override.json" => return Some(Role::BakeJson),
        b"devcontainer.json" | b".devcontainer.json" => return Some(Role::Devcontainer),
        _ => {}
    }
    if is_compose(name) {
        return Some(Role::Compose);
    }
    is_dockerfile(name).then_some(Role::Dockerfile)
}

/// When compose or bake merge the files of a folder, later ranks are laid over earlier ones.
///
/// Compose takes `compose.yaml` and then the file with `override` in its name by itself, others when they are named
/// (Docker docs, "Merge Compose files"). Bake takes compose files, `docker-bake.json`, `docker-bake.hcl` and the
/// overrides of both, in this order (Docker docs, "Bake file reference", "File lookup").
pub(super) fn rank(name: &OsStr) -> u8 {
    match name.as_encoded_bytes() {
        b"compose.yaml" | b"compose.yml" | b"docker-compose.yaml" | b"docker-compose.yml" => 0,
        b"docker-bake.json" => 2,
        b"docker-bake.hcl" => 3,
        b"docker-bake.override.json" => 4,
        b"docker-bake.override.hcl" => 5,
        _ => 1,
    }
}

fn is_compose(name: &[u8]) -> bool {
    let Some(stem) = name.strip_suffix(b".yaml").or_else(|| name.strip_suffix(b".yml")) else {
        return false;
    };
    stem == b"compose" || stem.starts_with(b"compose.") || stem.starts_with(b"docker-compose")
}

fn is_dockerfile(name: &[u8]) -> bool {
    if name.ends_with(b"~") || name.ends_with(b"#") {
        return false;
    }
    let extension = extension(name);
    let shaped = name == b"Dockerfile"
        || name == b"dockerfile"
        || name.starts_with(b"Dockerfile.")
        || name.starts_with(b"Containerfile")
        || extension.is_some_and(|ext| ext.eq_ignore_ascii_case(b"dockerfile"));
    shaped
        && !extension
            .is_some_and(|ext| NOT_DOCKERFILES.iter().any(|not| ext.eq_ignore_ascii_case(not.as_bytes())))
}

fn extension(name: &[u8]) -> Option<&[u8]> {
    name.iter().rposition(|&byte| byte == b'.').map(|dot| &name[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_of(name: &str) -> Option<Role> {
        role(OsStr::new(name))
    }

    #[test]
    fn dockerfile_names() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "Dockerfile.jdk-21",
            "Dockerfile.go",
            "api.Dockerfile",
            "api.dockerfile",
            "api.DockerFile",
            ".dockerfile",
            "Containerfile",
            "Containerfile.ubi9",
            "Containerfile-dev",
        ] {
            assert_eq!(role_of(name), Some(Role::Dockerfile), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_dockerfiles() {
        for name in [
            ".dockerignore",
            "Dockerfile.dockerignore",
            "api.Dockerfile.dockerignore",
            "Dockerfile.runtime.md",
            "Dockerfile.MD",
            "Dockerfile~",
            "Dockerfile.dev~",
            "#Dockerfile.dev#",
            ".Dockerfile.swp",
            "Dockerfile.dev.swp",
            "Dockerfile.orig",
            "Dockerfile.bak",
            "Dockerfile.tmpl",
            "Dockerfile.template",
            "Dockerfile.j2",
            "Dockerfile.erb",
            "Dockerfile.in",
            "Containerfile.jinja2",
            "dockerfile.clj",
            "MyDockerfile",
            "Makefile",
        ] {
            assert_eq!(role_of(name), None, "{name}");
        }
    }

    #[test]
    fn compose_and_bake_names() {
        for name in [
            "compose.yaml",
            "compose.yml",
            "compose.prod.yaml",
            "docker-compose.yml",
            "docker-compose.override.yaml",
            "docker-compose-ci.yml",
        ] {
            assert_eq!(role_of(name), Some(Role::Compose), "{name}");
        }
        assert_eq!(role_of("docker-bake.hcl"), Some(Role::BakeHcl));
        assert_eq!(role_of("docker-bake.override.json"), Some(Role::BakeJson));
        for name in ["devcontainer.json", ".devcontainer.json"] {
            assert_eq!(role_of(name), Some(Role::Devcontainer), "{name}");
        }
        for name in ["composer.json", "composer.yaml", "compose.json", "bake.hcl", "docker-bake.yml"] {
            assert_eq!(role_of(name), None, "{name}");
        }
    }

    #[test]
    fn overrides_come_after_what_they_override() {
        let rank_of = |name: &str| rank(OsStr::new(name));
        assert!(rank_of("compose.yaml") < rank_of("compose.override.yaml"));
        assert!(rank_of("docker-compose.yml") < rank_of("docker-compose.prod.yml"));
        assert!(rank_of("docker-bake.hcl") < rank_of("docker-bake.override.json"));
        assert!(rank_of("compose.override.yml") < rank_of("docker-bake.json"));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(role(OsStr::from_bytes(b"Dockerfile.\xff")), Some(Role::Dockerfile));
        assert_eq!(role(OsStr::from_bytes(b"\xff\xfe")), None);
    }
}
