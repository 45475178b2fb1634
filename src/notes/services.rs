//! What compose files say about services beyond what [`BuildSetup`](harden_core::BuildSetup) holds: how they depend on
//! each other, and which limits they set already.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::discover::{Value, parse_yaml};

/// Largest compose file that is read, in bytes; the reader of builds has the same bound.
const MAX_SIZE: u64 = 1 << 20;

/// A service as one compose file writes it; nothing is inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    /// `image:`, when it holds no variable.
    pub(super) image: Option<String>,
    /// The keys it sets.
    pub(super) keys: BTreeSet<String>,
    /// `depends_on:`.
    pub(super) depends_on: BTreeSet<String>,
    /// `env_file:` or `environment:` give these; files are not read.
    pub(super) variables: BTreeSet<String>,
}

impl Listed {
    /// Whether it uses the network that Compose makes for it, and publishes nothing.
    fn is_inner(&self) -> bool {
        !self.sets("ports") && self.has_default_network()
    }

    fn has_default_network(&self) -> bool {
        !["networks", "network_mode", "extends"].iter().any(|key| self.sets(key))
    }

    /// Whether it sets a key.
    pub(super) fn sets(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}

/// The services of a compose file; none when it cannot be read.
pub(super) fn read(path: &Path) -> Vec<Listed> {
    // A pipe would wait for its writer.
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Vec::new();
    }
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(MAX_SIZE).read_to_string(&mut text)) {
        Ok(_) => parse(&text),
        Err(_) => Vec::new(),
    }
}

fn parse(text: &str) -> Vec<Listed> {
    let documents = parse_yaml(text).unwrap_or_default();
    let services = documents.iter().filter_map(|document| document.get("services"));
    services.flat_map(Value::entries).map(|(name, value)| listed(name, value)).collect()
}

fn listed(name: &str, value: &Value) -> Listed {
    let image = value.get("image").map(Value::text);
    let image = image.as_ref().and_then(|text| text.certain()).filter(|text| !text.contains('$'));
    let keys = value.entries().iter().filter(|(_, value)| *value != Value::Null);
    Listed {
        name: name.to_owned(),
        image: image.map(str::to_owned),
        keys: keys.map(|(key, _)| key.clone()).collect(),
        depends_on: value.get("depends_on").map(names).unwrap_or_default(),
        variables: value.get("environment").map(names).unwrap_or_default(),
    }
}

/// The keys of a map, or the items of a list up to `=`.
fn names(value: &Value) -> BTreeSet<String> {
    let keys = value.entries().iter().map(|(key, _)| key.clone());
    let items = value.items().iter().filter_map(|item| item.text().certain().map(str::to_owned));
    let items = items.map(|item| item.split('=').next().unwrap_or_default().to_owned());
    keys.chain(items).collect()
}

/// Services that only others talk to, and those others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inner {
    /// They publish no ports, and others depend on them.
    pub(super) backends: Vec<String>,
    /// They depend on the backends.
    pub(super) users: Vec<String>,
}

/// A network without a way out for the services that `own` depends on or is. `None` when the file arranges its networks
/// itself, or when there is no service that only others talk to.
pub(super) fn inner(services: &[Listed], own: &str) -> Option<Inner> {
    let depend = |service: &Listed, on: &str| service.depends_on.contains(on) && service.name != on;
    let used =
        |service: &&Listed| service.is_inner() && services.iter().any(|one| depend(one, &service.name));
    let related = |service: &&Listed| {
        service.name == own || services.iter().any(|one| one.name == own && depend(one, &service.name))
    };
    let backends: Vec<&Listed> = services.iter().filter(used).filter(related).collect();
    let users: Vec<&Listed> = services
        .iter()
        .filter(|one| backends.iter().any(|backend| depend(one, &backend.name)))
        .filter(|one| !backends.iter().any(|backend| backend.name == one.name))
        .collect();
    let arranged = users.iter().any(|one| !one.has_default_network());
    let name = |one: &&Listed| one.name.clone();
    (!backends.is_empty() && !users.is_empty() && !arranged).then(|| Inner {
        backends: backends.iter().map(name).collect(),
        users: users.iter().map(name).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "services:\n  web:\n    build: .\n    image: shop/web\n    ports: ['80:80']\n    depends_on: [db]\n    \
                        environment: [A=1, B]\n  db:\n    image: postgres:$V\n  admin:\n    image: x\n    ports: [1]\n    \
                        depends_on:\n      db: {condition: service_started}\n  lone:\n    image: y\n";

    #[test]
    fn backends_are_those_that_others_depend_on() {
        let services = parse(SHOP);
        let found = inner(&services, "web").unwrap();
        assert_eq!(
            (found.backends, found.users),
            (vec!["db".to_owned()], vec!["web".to_owned(), "admin".to_owned()])
        );
        assert_eq!(inner(&services, "db").unwrap().backends, ["db"]);
        assert_eq!(inner(&services, "lone"), None);
        assert_eq!(inner(&services, "admin").unwrap().backends, ["db"]);
        for (from, to) in [
            ("image: postgres:$V", "image: p\n    ports: [5432]"),
            ("image: postgres:$V", "image: p\n    networks: [back]"),
            ("build: .", "networks: [a]"),
            ("[db]", "[]"),
        ] {
            let services = parse(&SHOP.replace(from, to));
            assert!(inner(&services, "web").is_none(), "{to}");
        }
    }

    #[test]
    fn services_say_their_image_and_variables() {
        let services = parse(SHOP);
        assert_eq!(services[0].image.as_deref(), Some("shop/web"));
        assert_eq!(services[0].variables, BTreeSet::from(["A".to_owned(), "B".to_owned()]));
        assert_eq!(services[1].image, None);
        assert!(services[0].sets("ports") && !services[1].sets("ports"));
        assert_eq!(parse("services: ["), []);
        assert_eq!(read(Path::new("/nonexistent/compose.yaml")), []);
    }
}
