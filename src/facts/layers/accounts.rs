//! passwd(5), group(5) and os-release(5).
//!
//! A line that is not what the manual says is passed over, as the C library does. Passwords and comments are dropped
//! here, so they get nowhere.

use std::collections::BTreeMap;

use harden_core::{ImageGroup, ImageUser};

/// The settings of os-release that are kept.
const RELEASE: [&str; 5] = ["ID", "ID_LIKE", "VERSION_ID", "VERSION_CODENAME", "VARIANT_ID"];
/// Longest value of os-release that is kept, in bytes.
const MAX_VALUE: usize = 256;

/// The lines that are text and could be printed.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes
        .split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok())
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| !line.chars().any(char::is_control))
}

/// A name that is none of NIS (`+`, `-`) and no comment.
fn name(text: &str) -> Option<String> {
    (!text.is_empty() && !text.starts_with(['+', '-', '#']) && text.trim() == text).then(|| text.to_owned())
}

/// An id as the C library reads it; signs are not digits.
fn id(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

pub(super) fn users(bytes: &[u8]) -> Vec<ImageUser> {
    let user = |line: &str| {
        let fields: Vec<_> = line.split(':').collect();
        let [login, _, uid, gid, _, home, shell] = fields[..] else { return None };
        Some(ImageUser {
            name: name(login)?,
            uid: id(uid)?,
            gid: id(gid)?,
            home: home.to_owned(),
            shell: shell.to_owned(),
        })
    };
    lines(bytes).filter_map(user).collect()
}

pub(super) fn groups(bytes: &[u8]) -> Vec<ImageGroup> {
    let group = |line: &str| {
        let fields: Vec<_> = line.split(':').collect();
        let [group, _, gid, members] = fields[..] else { return None };
        let members = members.split(',').filter_map(name).collect();
        Some(ImageGroup { name: name(group)?, gid: id(gid)?, members })
    };
    lines(bytes).filter_map(group).collect()
}

pub(super) fn release(bytes: &[u8]) -> BTreeMap<String, String> {
    let setting = |line: &str| {
        let (key, value) = line.trim().split_once('=')?;
        let value = unquote(value)?;
        (RELEASE.contains(&key) && !value.is_empty() && value.len() <= MAX_VALUE)
            .then(|| (key.to_owned(), value))
    };
    lines(bytes).filter_map(setting).collect()
}

/// The value of an assignment, quoted as in a shell; `None` if the quotes are wrong.
fn unquote(text: &str) -> Option<String> {
    if let Some(single) = text.strip_prefix('\'') {
        return single.strip_suffix('\'').filter(|inner| !inner.contains('\'')).map(str::to_owned);
    }
    let Some(double) = text.strip_prefix('"') else {
        return text.bytes().all(|byte| !b"\"'\\$` ;&|<>()".contains(&byte)).then(|| text.to_owned());
    };
    let (mut value, mut characters) = (String::new(), double.chars());
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(value),
            '\\' => match characters.next()? {
                escaped @ ('"' | '\\' | '$' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            '$' | '`' => return None,
            plain => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_read_without_their_passwords() {
        let found = users(
            b"root:$6$canary:0:0:canary:/root:/bin/bash\n\
              node:x:1000:1000::/home/node:/bin/sh\r\n\
              last:x:4294967295:0:,,,::",
        );
        assert_eq!(found.len(), 3);
        let node = ImageUser {
            name: "node".to_owned(),
            uid: 1000,
            gid: 1000,
            home: "/home/node".to_owned(),
            shell: "/bin/sh".to_owned(),
        };
        assert_eq!(found[1], node);
        assert_eq!((found[2].uid, found[2].home.as_str()), (u32::MAX, ""));
        assert!(!format!("{found:?}").contains("canary"));
    }

    #[test]
    fn lines_that_are_no_users_are_passed_over() {
        for line in [
            "",
            "# comment",
            "root",
            "root:x:0:0",
            "a:x:0:0::/:/bin/sh:more",
            ":x:0:0::/:/bin/sh",
            "a:x::0::/:/bin/sh",
            "a:x:-1:0::/:/bin/sh",
            "a:x:+1:0::/:/bin/sh",
            "a:x:4294967296:0::/:/bin/sh",
            "a:x:0x1:0::/:/bin/sh",
            "+::::::",
            "-a:x:0:0::/:/bin/sh",
            " a:x:0:0::/:/bin/sh",
            "a\u{1b}[2J:x:0:0::/:/bin/sh",
            "a:x:0:0::/\0:/bin/sh",
        ] {
            assert_eq!(users(line.as_bytes()), [], "{line:?}");
        }
        assert_eq!(users(b"\xff\xfe:x:0:0::/:/bin/sh\nb:x:1:1::/:/bin/sh")[0].name, "b");
    }

    #[test]
    fn groups_are_read_with_their_members() {
        let found = groups(b"wheel:canary:10:root,,app\nempty:!:7:\nbad:x:x:\nshort:x:1\n");
        let group = |name: &str, gid, members: &[&str]| ImageGroup {
            name: name.to_owned(),
            gid,
            members: members.iter().map(|member| (*member).to_owned()).collect(),
        };
        assert_eq!(found, [group("wheel", 10, &["root", "app"]), group("empty", 7, &[])]);
    }

    #[test]
    fn the_release_is_unquoted_and_the_rest_dropped() {
        let found = release(
            b"NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME='bookworm'\n\
              ID_LIKE=\"a \\\"b\\\" \\\\ c\"\nVARIANT_ID=\n#ID=other\n",
        );
        let found: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            found,
            [
                ("ID", "debian"),
                ("ID_LIKE", r#"a "b" \ c"#),
                ("VERSION_CODENAME", "bookworm"),
                ("VERSION_ID", "12")
            ]
        );
    }

    #[test]
    fn a_value_that_a_shell_would_expand_is_none() {
        for value in ["$(rm -rf /)", "\"$HOME\"", "\"open", "'a'b'", "\"a\"b", "a b", "`x`", "\"\\"] {
            assert!(release(format!("ID={value}").as_bytes()).is_empty(), "{value}");
        }
        assert!(release(format!("ID={}", "x".repeat(257)).as_bytes()).is_empty());
    }
}
