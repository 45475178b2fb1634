//! What is known of programs: tools of the npm registry, and what images bring. Lists are sorted.
//!
//! Sources: the README and `package.json` of each package; github.com/docker-library/buildpack-deps (`curl`, `scm` and full
//! `Dockerfile.template`) for what the full image has and the slim one has not; packages.debian.org for where it comes from.

use super::tables::GIT;

/// Programs that only build, test or check a project, and write into it.
pub(super) const BUILD_TOOLS: [&str; 36] = [
    "astro",
    "babel",
    "bower",
    "esbuild",
    "eslint",
    "gatsby",
    "grunt",
    "gulp",
    "jest",
    "lerna",
    "mocha",
    "nest",
    "next",
    "ng",
    "node-gyp",
    "npm-run-all",
    "nuxi",
    "nuxt",
    "nx",
    "parcel",
    "prisma",
    "quasar",
    "react-scripts",
    "rimraf",
    "rollup",
    "run-s",
    "swc",
    "tsc",
    "tsup",
    "turbo",
    "vite",
    "vitest",
    "vue-cli-service",
    "vue-tsc",
    "webpack",
    "webpack-cli",
];

/// Packages that are installed for the whole image and only used by builds.
pub(super) const GLOBAL_BUILDERS: [&str; 35] = [
    "@angular/cli",
    "@babel/cli",
    "@babel/core",
    "@nestjs/cli",
    "@quasar/cli",
    "@vue/cli",
    "@vue/cli-service",
    "bower",
    "corepack",
    "create-react-app",
    "esbuild",
    "eslint",
    "gatsby-cli",
    "grunt",
    "grunt-cli",
    "gulp",
    "gulp-cli",
    "jest",
    "lerna",
    "mocha",
    "node-gyp",
    "node-pre-gyp",
    "npm",
    "npm-check-updates",
    "nx",
    "pnpm",
    "react-scripts",
    "rimraf",
    "rollup",
    "turbo",
    "typescript",
    "vite",
    "webpack",
    "webpack-cli",
    "yarn",
];

/// Packages that are installed for the whole image and used by containers, of plain JavaScript: they install in every image
/// with npm.
pub(super) const GLOBAL_TOOLS: [&str; 14] = [
    "concurrently",
    "cross-env",
    "db-migrate",
    "dotenv-cli",
    "env-cmd",
    "forever",
    "http-server",
    "json-server",
    "nodemon",
    "npm-run-all",
    "pm2",
    "sequelize-cli",
    "serve",
    "wait-on",
];

/// The package of a program, where its name is another.
pub(super) const PROGRAMS: [(&str, &str); 18] = [
    ("babel-node", "@babel/node"),
    ("dotenv", "dotenv-cli"),
    ("mikro-orm", "@mikro-orm/cli"),
    ("nest", "@nestjs/cli"),
    ("ng", "@angular/cli"),
    ("nuxi", "nuxt"),
    ("pm2-runtime", "pm2"),
    ("react-router-serve", "@react-router/serve"),
    ("remix-serve", "@remix-run/serve"),
    ("run-p", "npm-run-all"),
    ("run-s", "npm-run-all"),
    ("sequelize", "sequelize-cli"),
    ("strapi", "@strapi/strapi"),
    ("swc-node", "@swc-node/register"),
    ("ts-node-esm", "ts-node"),
    ("ts-node-script", "ts-node"),
    ("tsc", "typescript"),
    ("vue-cli-service", "@vue/cli-service"),
];

/// Programs that the full image has and the slim one has not, with the packages of Debian they come in.
/// `make` and compilers are not among them: what needs those when containers start is refused elsewhere.
const FULL_PROGRAMS: [(&str, &[&str]); 34] = [
    ("bunzip2", &["bzip2"]),
    ("bzip2", &["bzip2"]),
    ("convert", &["imagemagick"]),
    ("curl", &["ca-certificates", "curl"]),
    ("file", &["file"]),
    ("free", &["procps"]),
    ("git", GIT),
    ("gpg", &["gnupg"]),
    ("hg", &["ca-certificates", "mercurial"]),
    ("identify", &["imagemagick"]),
    ("mogrify", &["imagemagick"]),
    ("montage", &["imagemagick"]),
    ("openssl", &["openssl"]),
    ("patch", &["patch"]),
    ("pgrep", &["procps"]),
    ("pidof", &["procps"]),
    ("pkill", &["procps"]),
    ("pmap", &["procps"]),
    ("ps", &["procps"]),
    ("python3", &["python3"]),
    ("scp", &["openssh-client"]),
    ("sftp", &["openssh-client"]),
    ("ssh", &["openssh-client"]),
    ("ssh-keygen", &["openssh-client"]),
    ("ssh-keyscan", &["openssh-client"]),
    ("svn", &["ca-certificates", "subversion"]),
    ("sysctl", &["procps"]),
    ("top", &["procps"]),
    ("unzip", &["unzip"]),
    ("uptime", &["procps"]),
    ("w", &["procps"]),
    ("watch", &["procps"]),
    ("wget", &["ca-certificates", "wget"]),
    ("xz", &["xz-utils"]),
];

/// The packages that a program of the full image comes in.
pub(super) fn full_program(name: &str) -> Option<&'static [&'static str]> {
    let at = FULL_PROGRAMS.binary_search_by_key(&name, |&(program, _)| program).ok()?;
    FULL_PROGRAMS.get(at).map(|&(_, packages)| packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(BUILD_TOOLS.is_sorted());
        assert!(GLOBAL_BUILDERS.is_sorted());
        assert!(GLOBAL_TOOLS.is_sorted());
        assert!(PROGRAMS.is_sorted_by_key(|(name, _)| *name));
        assert!(FULL_PROGRAMS.is_sorted_by_key(|(name, _)| *name));
    }
}
