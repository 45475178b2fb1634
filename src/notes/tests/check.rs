//! Reads what stands on a page the way the programs it is for do.
//!
//! Keys and types: Compose specification, "Services", "Build", "Secrets", "Networks" and "Volumes"; Kubernetes API
//! reference, "Deployment v1", "Pod v1" and "Container"; names: RFC 1123.

use std::collections::BTreeMap;

use serde_json::Value;

/// The blocks of code of a page: language and text.
pub(super) fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed:\n{page}");
    blocks
}

/// Reads every block. The compose overlay is returned.
pub(super) fn page(page: &str) -> Option<Value> {
    let mut overlay = None;
    for (language, text) in blocks(page) {
        match language.as_str() {
            "sh" => shell(&text),
            "hcl" => {
                let body = hcl::parse(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
                assert!(
                    body.blocks().all(|block| block.identifier() == "target" && block.labels().len() == 1)
                );
            }
            "yaml" => {
                let value: Value =
                    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
                if value.get("kind").is_some() {
                    deployment(&value);
                } else {
                    compose(&value);
                    overlay = overlay.or(Some(value));
                }
            }
            other => panic!("{other}"),
        }
    }
    overlay
}

/// Every line is one plain command.
fn shell(text: &str) {
    let script = harden_core::shell::read(text);
    assert!(script.complete, "{text}");
    assert!(!script.commands.is_empty());
    for command in &script.commands {
        let name = command.name().unwrap();
        assert!(["docker", "trivy"].contains(&name), "{name}");
        assert!(command.redirects.is_empty() && command.assignments.is_empty(), "{text}");
        for word in &command.words {
            assert!(word.literal || word.text.starts_with("~/"), "{word:?}");
        }
    }
}

fn object<'v>(value: &'v Value, known: &[&str]) -> BTreeMap<&'v str, &'v Value> {
    let fields = value.as_object().unwrap_or_else(|| panic!("no map: {value}"));
    for key in fields.keys() {
        assert!(known.contains(&key.as_str()), "unknown key {key}: {value}");
    }
    fields.iter().map(|(key, value)| (key.as_str(), value)).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_array().unwrap_or_else(|| panic!("no list: {value}"));
    assert!(!items.is_empty());
    let texts: Vec<&str> =
        items.iter().map(|item| item.as_str().unwrap_or_else(|| panic!("{item}"))).collect();
    let unique: std::collections::BTreeSet<&str> = texts.iter().copied().collect();
    assert_eq!(unique.len(), texts.len(), "Compose refuses repeated items: {value}");
    texts
}

fn compose(value: &Value) {
    let top = object(value, &["networks", "secrets", "services", "volumes"]);
    let named = |part: &str| top.get(part).and_then(|value| value.as_object());
    let has = |part: &str, name: &str| named(part).is_some_and(|part| part.contains_key(name));
    for service in top["services"].as_object().unwrap().values() {
        let keys = [
            "build",
            "cap_add",
            "cap_drop",
            "cpus",
            "env_file",
            "image",
            "mem_limit",
            "networks",
            "pids_limit",
            "read_only",
            "security_opt",
            "sysctls",
            "tmpfs",
            "user",
            "volumes",
        ];
        for (key, value) in object(service, &keys) {
            match key {
                "env_file" | "image" | "mem_limit" | "user" => assert!(value.is_string(), "{key}: {value}"),
                "read_only" => assert!(value.is_boolean()),
                "pids_limit" | "cpus" => assert!(value.is_number()),
                "sysctls" => assert!(value.is_object()),
                "networks" => {
                    let known = |name: &&str| *name == "default" || has("networks", name);
                    assert!(texts(value).iter().all(known), "{value}");
                }
                "volumes" => texts(value).iter().for_each(|mount| {
                    let (from, to) = mount.rsplit_once(':').unwrap();
                    assert!(to.starts_with('/'), "{mount}");
                    assert!(
                        from.contains(['/', '.', '~']) || has("volumes", from),
                        "{mount} is not declared"
                    );
                }),
                "build" => {
                    for (key, value) in object(value, &["secrets", "ssh"]) {
                        let names = texts(value);
                        assert!(key == "ssh" || names.iter().all(|name| has("secrets", name)), "{value}");
                    }
                }
                _ => assert!(!texts(value).is_empty()),
            }
        }
    }
    for secret in named("secrets").into_iter().flat_map(|secrets| secrets.values()) {
        let fields = object(secret, &["environment", "file"]);
        assert!(fields.len() == 1 && fields.values().all(|value| value.is_string()), "{secret}");
    }
    assert!(named("volumes").into_iter().flat_map(|volumes| volumes.values()).all(Value::is_null));
}

fn label(value: &Value) -> &str {
    let text = value.as_str().unwrap();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(!text.is_empty() && text.len() <= 63 && text.bytes().all(plain), "{text}");
    assert!(!text.starts_with('-') && !text.ends_with('-'), "{text}");
    text
}

fn deployment(value: &Value) {
    object(value, &["apiVersion", "kind", "metadata", "spec"]);
    assert_eq!((&value["apiVersion"], &value["kind"]), (&"apps/v1".into(), &"Deployment".into()));
    label(&value["metadata"]["name"]);
    let spec = object(&value["spec"], &["selector", "template"]);
    assert_eq!(spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]);
    let pod = object(
        &spec["template"]["spec"],
        &["automountServiceAccountToken", "containers", "hostNetwork", "securityContext", "volumes"],
    );
    let security = object(
        pod["securityContext"],
        &["fsGroup", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile", "sysctls"],
    );
    for id in ["fsGroup", "runAsGroup", "runAsUser"] {
        assert!(security.get(id).is_none_or(|id| id.is_u64()), "{value}");
    }
    assert!(security.get("runAsUser").is_none_or(|uid| uid.as_u64() != Some(0)));
    let sysctls = security.get("sysctls").and_then(|list| list.as_array()).into_iter().flatten();
    sysctls.for_each(|one| assert!(one["name"].is_string() && one["value"].is_string()));
    let mut names = Vec::new();
    for volume in pod["volumes"].as_array().unwrap() {
        let fields = object(volume, &["emptyDir", "name", "persistentVolumeClaim"]);
        assert_eq!(fields.len(), 2);
        names.push(label(fields["name"]));
        fields.get("persistentVolumeClaim").map(|claim| label(&claim["claimName"]));
    }
    let containers = pod["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 1);
    let container = object(
        &containers[0],
        &["env", "image", "name", "ports", "resources", "securityContext", "volumeMounts"],
    );
    label(container["name"]);
    assert!(container["image"].is_string());
    let own = object(
        container["securityContext"],
        &["allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"],
    );
    assert_eq!(own["allowPrivilegeEscalation"], &Value::Bool(false));
    assert_eq!(texts(&own["capabilities"]["drop"]), ["ALL"]);
    let list = |key: &str| container.get(key).and_then(|list| list.as_array()).into_iter().flatten();
    for variable in list("env") {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        assert_eq!(variable["name"], reference["key"]);
        label(&reference["name"]);
    }
    for port in list("ports") {
        assert!((1..=65535).contains(&port["containerPort"].as_u64().unwrap()));
        assert!(port.get("protocol").is_none_or(|one| ["UDP", "SCTP"].contains(&one.as_str().unwrap())));
    }
    let mounts: Vec<&str> = list("volumeMounts").map(|mount| label(&mount["name"])).collect();
    assert_eq!(mounts, names, "each volume is mounted once");
    let unique: std::collections::BTreeSet<&&str> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
    assert!(list("volumeMounts").all(|mount| mount["mountPath"].as_str().unwrap().starts_with('/')));
}
