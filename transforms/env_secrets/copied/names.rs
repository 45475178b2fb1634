//! What a file is by its name: one that holds secrets, may hold them, or only looks like it.

/// What a file with this name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// What it is, with its article.
    pub(super) what: &'static str,
    /// How sure the name alone is.
    pub(super) sure: Sure,
    /// What reads it during a build.
    pub(super) reader: Reader,
}

/// What the name alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    /// Such files hold secrets or nothing.
    Secret,
    /// Such files often hold secrets; the content decides where it is at hand.
    Often,
    /// Such files seldom hold secrets: only the content can tell.
    Content,
}

/// Who reads such a file during a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// ssh, and git and others over it.
    Ssh,
    /// These programs, each by its name, and who names the file.
    Programs(&'static [&'static str]),
    /// Nobody known: who names the file.
    Named,
}

const NODE: &[&str] = &["npm", "npx", "yarn", "pnpm", "corepack", "bun", "lerna", "nx", "turbo", "node"];
const NETRC: &[&str] = &[
    "curl", "git", "wget", "pip", "pip3", "go", "hg", "poetry", "uv", "cargo", "bazel", "heroku", "mix",
    "bundle", "npm", "yarn", "composer", "python", "python3",
];
const PYTHON: &[&str] =
    &["pip", "pip3", "twine", "python", "python3", "poetry", "uv", "flit", "easy_install", "pipenv"];
const MAVEN: &[&str] = &["mvn", "mvnw", "mvnd"];
const GRADLE: &[&str] = &["gradle", "gradlew"];
const AWS: &[&str] = &["aws", "s3cmd", "terraform", "sam", "cdk", "serverless", "sls", "pulumi", "chamber"];
const KUBE: &[&str] = &["kubectl", "helm", "kustomize", "helmfile", "k9s"];
const COMPOSER: &[&str] = &["composer", "php"];
const NUGET: &[&str] = &["dotnet", "nuget", "msbuild"];
const RUBY: &[&str] = &["bundle", "gem", "rake", "rails"];
const GO: &[&str] = &["git", "go"];

/// Ends of names of files that show what has to be in the real one.
const SAMPLES: &[&str] = &[
    "example", "sample", "template", "tmpl", "dist", "defaults", "default", "schema", "j2", "erb", "tpl",
    "in", "enc",
];

/// Whether a name, in lower case, has this ending.
fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, last)| !stem.is_empty() && last == ending)
}

/// Judges a path of the build context by its last part and the folder that holds it.
pub(super) fn judge(path: &str) -> Option<Named> {
    let path = path.to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    let named = |what, sure, reader| Some(Named { what, sure, reader });
    let is_sample = name.split(['.', '-', '_']).any(|part| SAMPLES.contains(&part));
    if is_sample || has_ending(name, "pub") || name.contains("public") || name.contains(['*', '?', '[', '$'])
    {
        return None;
    }
    match (folder, name) {
        (
            _,
            "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | "id_ecdsa_sk" | "id_ed25519_sk" | "identity",
        ) => {
            return named("a private SSH key", Sure::Secret, Reader::Ssh);
        }
        (_, ".npmrc" | "npmrc") => {
            return named("an npm configuration", Sure::Content, Reader::Programs(NODE));
        }
        (_, ".yarnrc.yml" | ".yarnrc") => {
            return named("a yarn configuration", Sure::Content, Reader::Programs(NODE));
        }
        (_, ".netrc" | "_netrc" | "netrc") => {
            return named("a file of logins", Sure::Secret, Reader::Programs(NETRC));
        }
        (_, ".pypirc") => return named("a file of PyPI logins", Sure::Secret, Reader::Programs(PYTHON)),
        (_, "pip.conf" | "pip.ini") => {
            return named("a pip configuration", Sure::Content, Reader::Programs(PYTHON));
        }
        (_, ".git-credentials") => return named("a file of git logins", Sure::Secret, Reader::Programs(GO)),
        (".aws", "credentials") => {
            return named("a file of AWS credentials", Sure::Secret, Reader::Programs(AWS));
        }
        (".docker", "config.json") | (_, ".dockercfg" | ".dockerconfigjson") => {
            return named("a file of registry logins", Sure::Secret, Reader::Named);
        }
        (".kube", "config") | (_, "kubeconfig" | ".kubeconfig" | "kubeconfig.yaml" | "kubeconfig.yml") => {
            return named("a kubeconfig", Sure::Often, Reader::Programs(KUBE));
        }
        (_, "settings.xml") | (".m2", "settings-security.xml") => {
            return named("a Maven configuration", Sure::Content, Reader::Programs(MAVEN));
        }
        (_, "gradle.properties") => {
            return named("a Gradle configuration", Sure::Content, Reader::Programs(GRADLE));
        }
        (_, "auth.json") => {
            return named("a file of Composer logins", Sure::Often, Reader::Programs(COMPOSER));
        }
        (_, "nuget.config") => return named("a NuGet configuration", Sure::Content, Reader::Programs(NUGET)),
        (".gem" | "gem", "credentials") => {
            return named("a file of RubyGems keys", Sure::Secret, Reader::Programs(RUBY));
        }
        ("config", "master.key") => {
            return named("the master key of a Rails application", Sure::Secret, Reader::Programs(RUBY));
        }
        (
            _,
            ".pgpass" | ".my.cnf" | ".s3cfg" | ".boto" | ".vault-token" | ".vault_pass" | ".vault-pass"
            | "vault_pass.txt",
        ) => {
            return named("a file of credentials", Sure::Secret, Reader::Named);
        }
        (_, "terraform.tfvars" | "terraform.tfstate") => {
            return named("Terraform values", Sure::Often, Reader::Programs(AWS));
        }
        _ => {}
    }
    if name == ".env" || name.starts_with(".env.") || has_ending(name, "env") {
        return named("a file of environment variables", Sure::Often, Reader::Named);
    }
    by_ending(name).map(|(what, sure)| Named { what, sure, reader: Reader::Named })
}

fn by_ending(name: &str) -> Option<(&'static str, Sure)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let has = |word: &str| stem.split(['.', '-', '_']).any(|part| part == word);
    match ending {
        "pem" | "key"
            if has("cert")
                || has("ca")
                || has("chain")
                || has("fullchain")
                || has("bundle")
                || has("gpg") =>
        {
            Some(("a file of keys or certificates", Sure::Content))
        }
        "pem" if has("key") || has("privkey") || has("private") => Some(("a private key", Sure::Often)),
        "pem" => Some(("a file of keys or certificates", Sure::Content)),
        "key" if has("server") || has("private") || has("tls") || has("ssl") || has("host") => {
            Some(("a private key", Sure::Often))
        }
        "key" => Some(("a file of keys", Sure::Content)),
        "ppk" => Some(("a private SSH key", Sure::Secret)),
        "p12" | "pfx" => Some(("a certificate with its private key", Sure::Often)),
        "kdbx" => Some(("a password database", Sure::Secret)),
        "tfstate" => Some(("Terraform state", Sure::Often)),
        "json" if is_service_account(stem) => Some(("a service account key", Sure::Often)),
        "json" | "yaml" | "yml" | "toml" | "ini" | "properties" | "txt" if is_secrets(stem) => {
            Some(("a file of secrets", Sure::Often))
        }
        _ => None,
    }
}

fn is_service_account(stem: &str) -> bool {
    let plain: String = stem.chars().filter(char::is_ascii_alphanumeric).collect();
    [
        "serviceaccount",
        "gcpkey",
        "gcloudkey",
        "googlecredentials",
        "gcpcredentials",
        "clientsecret",
        "keyfile",
    ]
    .iter()
    .any(|known| plain.contains(known))
        || plain == "credentials"
        || plain == "googlekey"
}

fn is_secrets(stem: &str) -> bool {
    matches!(stem, "secrets" | "secret" | "credentials" | "passwords" | "credential")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let sure = |path: &str| judge(path).map(|named| named.sure);
        for path in [
            "id_rsa",
            "keys/id_ed25519",
            ".netrc",
            ".aws/credentials",
            ".git-credentials",
            "config/master.key",
        ] {
            assert_eq!(sure(path), Some(Sure::Secret), "{path}");
        }
        for path in [
            ".env",
            ".env.production",
            "prod.env",
            "service-account.json",
            "server.key",
            "kubeconfig",
            "secrets.yml",
        ] {
            assert_eq!(sure(path), Some(Sure::Often), "{path}");
        }
        for path in [".npmrc", "cert.pem", "ca-bundle.pem", "docker.key", "pip.conf", "settings.xml"] {
            assert_eq!(sure(path), Some(Sure::Content), "{path}");
        }
        for path in [
            ".env.example",
            "id_rsa.pub",
            "public.pem",
            "package.json",
            "credentials",
            "src",
            "keyboard.json",
            "environment",
            ".env*",
            "$KEY",
            "secrets.yml.enc",
            "secrets.py",
            "config.json",
            "",
        ] {
            assert_eq!(sure(path), None, "{path}");
        }
    }
}
