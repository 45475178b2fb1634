//! Users and tools of an image, as a facts file and the cache have them.

use std::collections::BTreeMap;

use harden_core::{ImageFiles, ImageGroup, ImageUser};
use serde::{Deserialize, Serialize};

use super::is_platform;

/// What was read from layers; lists that are absent are empty in the image.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, expecting = "an object with users and tools of an image")]
pub(in crate::facts) struct Files {
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    /// `name:uid:gid:home:shell`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<User>,
    /// `name:gid:member,member`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Group>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    os_release: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<String, String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Platform(String);

#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct User(ImageUser);

#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Group(ImageGroup);

impl TryFrom<String> for Platform {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_platform(&text) { Ok(Self(text)) } else { Err("the platform of `files` is no platform") }
    }
}

impl From<Platform> for String {
    fn from(Platform(text): Platform) -> Self {
        text
    }
}

impl TryFrom<String> for User {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const SHAPE: &str = "an entry of `users` is not written `name:uid:gid:home:shell`";
        let fields: Vec<_> = text.split(':').collect();
        let [name, uid, gid, home, shell] = fields[..] else { return Err(SHAPE) };
        let id = |text: &str| text.parse().map_err(|_| SHAPE);
        if name.is_empty() {
            return Err(SHAPE);
        }
        Ok(Self(ImageUser {
            name: name.to_owned(),
            uid: id(uid)?,
            gid: id(gid)?,
            home: home.to_owned(),
            shell: shell.to_owned(),
        }))
    }
}

impl From<User> for String {
    fn from(User(user): User) -> Self {
        format!("{}:{}:{}:{}:{}", user.name, user.uid, user.gid, user.home, user.shell)
    }
}

impl TryFrom<String> for Group {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const SHAPE: &str = "an entry of `groups` is not written `name:gid:member,member`";
        let fields: Vec<_> = text.split(':').collect();
        let [name, gid, members] = fields[..] else { return Err(SHAPE) };
        if name.is_empty() {
            return Err(SHAPE);
        }
        let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
        Ok(Self(ImageGroup { name: name.to_owned(), gid: gid.parse().map_err(|_| SHAPE)?, members }))
    }
}

impl From<Group> for String {
    fn from(Group(group): Group) -> Self {
        format!("{}:{}:{}", group.name, group.gid, group.members.join(","))
    }
}

impl Files {
    pub(in crate::facts) fn into_core(self) -> ImageFiles {
        ImageFiles {
            platform: self.platform.map(String::from),
            users: self.users.into_iter().map(|User(user)| user).collect(),
            groups: self.groups.into_iter().map(|Group(group)| group).collect(),
            os_release: self.os_release,
            tools: self.tools,
        }
    }

    pub(in crate::facts) fn from_core(files: &ImageFiles) -> Self {
        Self {
            platform: files.platform.clone().map(Platform),
            users: files.users.iter().cloned().map(User).collect(),
            groups: files.groups.iter().cloned().map(Group).collect(),
            os_release: files.os_release.clone(),
            tools: files.tools.clone(),
        }
    }
}

/// What can be written in a file and read back: no field holds the sign that ends it.
pub(super) fn portable(mut files: ImageFiles) -> ImageFiles {
    let plain = |text: &str| !text.contains([':', '\n']);
    files.platform = files.platform.filter(|platform| is_platform(platform));
    files.users.retain(|user| {
        !user.name.is_empty() && [&user.name, &user.home, &user.shell].into_iter().all(|text| plain(text))
    });
    files.groups.retain(|group| !group.name.is_empty() && plain(&group.name));
    for group in &mut files.groups {
        group.members.retain(|member| !member.is_empty() && plain(member) && !member.contains(','));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_portable_comes_back_and_the_rest_is_left_out() {
        let user = |name: &str, home: &str| ImageUser {
            name: name.to_owned(),
            uid: 1000,
            gid: u32::MAX,
            home: home.to_owned(),
            shell: String::new(),
        };
        let files = ImageFiles {
            platform: Some("linux/amd64".to_owned()),
            users: vec![user("app", "/home/app"), user("", "/"), user("bad", "/a:b")],
            groups: vec![ImageGroup {
                name: "app".to_owned(),
                gid: 0,
                members: vec!["a".to_owned(), "b,c".to_owned(), String::new()],
            }],
            os_release: BTreeMap::from([("ID".to_owned(), "debian".to_owned())]),
            tools: BTreeMap::from([("/bin/sh".to_owned(), "/bin/busybox".to_owned())]),
        };
        let kept = portable(files);
        assert_eq!(kept.users, [user("app", "/home/app")]);
        assert_eq!(kept.groups[0].members, ["a"]);
        let text = serde_json::to_string(&Files::from_core(&kept)).unwrap();
        assert!(text.contains(r#""app:1000:4294967295:/home/app:""#), "{text}");
        assert_eq!(serde_json::from_str::<Files>(&text).unwrap().into_core(), kept);
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            r#"{"users": ["app:x:1000:1000::/home/app:/bin/sh"]}"#,
            r#"{"users": ["app:-1:0:/:/"]}"#,
            r#"{"users": [":1:0:/:/"]}"#,
            r#"{"groups": ["app:x:1:a"]}"#,
            r#"{"groups": ["app:4294967296:"]}"#,
            r#"{"platform": "amd64"}"#,
            r#"{"shadow": []}"#,
        ] {
            assert!(serde_json::from_str::<Files>(text).is_err(), "{text}");
        }
    }
}
