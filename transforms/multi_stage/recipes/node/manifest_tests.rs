use super::*;

fn shown(found: Option<Vec<Installed>>) -> String {
    let mut all: Vec<String> = found
        .unwrap_or_default()
        .into_iter()
        .map(|one| if one.native { format!("{}!", one.name) } else { one.name })
        .collect();
    all.sort();
    all.join(" ")
}

#[test]
fn package_json() {
    let read = package(
        r#"{"dependencies":{"express":"4"},"optionalDependencies":{"bcrypt":"5"},"devDependencies":{"jest":"29"},
            "scripts":{"start":"node .","odd":1},"workspaces":["a"],"packageManager":"yarn@4.1.0"}"#,
    )
    .unwrap();
    assert_eq!(read.dependencies, BTreeSet::from(["bcrypt".to_owned(), "express".to_owned()]));
    assert_eq!(read.dev, BTreeSet::from(["jest".to_owned()]));
    assert_eq!(read.scripts, BTreeMap::from([("start".to_owned(), "node .".to_owned())]));
    assert!(read.workspaces);
    assert_eq!(read.manager.as_deref(), Some("yarn@4.1.0"));
    for text in ["", "[]", "null", "{", "\u{0}", "{\"dependencies\":"] {
        assert_eq!(package(text), None, "{text}");
    }
    assert_eq!(package("\u{feff}{\"dependencies\":[],\"scripts\":null}"), Some(Package::default()));
}

#[test]
fn package_lock() {
    let new = r#"{"lockfileVersion":3,"packages":{"":{"name":"app"},
        "node_modules/express":{"version":"4"},
        "node_modules/@a/b":{"hasInstallScript":true},
        "node_modules/x/node_modules/old":{"dependencies":{"nan":"2"}},
        "node_modules/jest":{"dev":true,"hasInstallScript":true},
        "packages/own":{"name":"own"},"node_modules/own":{"link":true}}}"#;
    assert_eq!(shown(npm(new)), "@a/b! express old!");
    let old = r#"{"lockfileVersion":1,"dependencies":{"express":{"version":"4","requires":{"send":"1"}},
        "b":{"requires":{"bindings":"1"},"dependencies":{"c":{}}},"d":{"dev":true}}}"#;
    assert_eq!(shown(npm(old)), "b! c express");
}

#[test]
fn yarn_lock() {
    let text = "# yarn lockfile v1\r\n\r\nexpress@^4.0.0, express@4:\r\n  version \"4\"\r\n  dependencies:\r\n    send \"1\"\r\n\r\n\
                \"@a/b@^1\":\n  dependencies:\n    node-gyp-build \"4\"\n\"c@npm:^1\":\n  dependencies:\n    nan: \"npm:^2\"\n";
    assert_eq!(shown(yarn(text)), "@a/b! c! express");
}

#[test]
fn pnpm_lock() {
    let six = "lockfileVersion: '6.0'\n\npackages:\n\n  /express@4.18.2:\n    resolution: {integrity: x}\n    dev: false\n\n\
               \x20 /@a/b@1.0.0(c@1):\n    requiresBuild: true\n    dev: false\n\n  /jest@29.0.0:\n    requiresBuild: true\n    dev: true\n";
    assert_eq!(shown(pnpm(six)), "@a/b! express");
    let nine = "lockfileVersion: '9.0'\npackages:\n  '@a/b@1.0.0':\n    resolution: {}\n  c@1.0.0:\n    resolution: {}\nsnapshots:\n\
                \x20 '@a/b@1.0.0':\n    dependencies:\n      bindings: 1.5.0\n  c@1.0.0: {}\n";
    assert_eq!(shown(pnpm(nine)), "@a/b! c");
    let five = "lockfileVersion: 5.4\npackages:\n  /express/4.18.2:\n    dev: false\n  /@a/b/1.0.0:\n    requiresBuild: true\n";
    assert_eq!(shown(pnpm(five)), "@a/b! express");
}

#[test]
fn hostile_lock_files() {
    let deep = format!("{}{}", "{\"dependencies\":{\"a\":".repeat(5_000), "}}".repeat(5_000));
    assert_eq!(npm(&deep), None);
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "@",
        "\"",
        "packages:",
        "packages:\n  :\n",
        "packages:\n  '':\n    dev: true\n      x\n",
        "@@@\n    x",
    ] {
        let _ = (npm(text), yarn(text), pnpm(text));
    }
    let long = format!("packages:\n{}", "  a@1:\n    dev: true\n".repeat(20_000));
    assert_eq!(shown(pnpm(&long)), "");
}
