//! The same as a Deployment of Kubernetes.
//!
//! Source: Kubernetes documentation, "Configure a Security Context for a Pod or Container", "Pod Security Standards"
//! (restricted), "Distribute Credentials Securely Using Secrets" and "Using sysctls in a Kubernetes Cluster"
//! (`net.ipv4.ip_unprivileged_port_start` is a safe one since 1.22).

use std::fmt::Write as _;

use super::image::Protocol;
use super::profile::Source;
use super::subject::Subject;
use super::words::{label, yaml};

/// Ports of a range that are listed; Kubernetes has no ranges.
const MAX_PORTS: usize = 16;

/// A Deployment.
pub(super) fn deployment(subject: &Subject) -> String {
    let profile = match subject.services.as_slice() {
        [only] => &only.profile,
        _ => &subject.profile,
    };
    let app = yaml(&subject.label());
    let mut out = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {app}\nspec:\n  selector:\n    matchLabels:\n      app: \
         {app}\n  template:\n    metadata:\n      labels:\n        app: {app}\n    spec:\n      \
         automountServiceAccountToken: false\n"
    );
    if profile.host_network {
        out.push_str("      hostNetwork: true\n");
    }
    out.push_str("      securityContext:\n");
    if profile.user.unprivileged {
        out.push_str("        runAsNonRoot: true\n");
    }
    let ids =
        [("runAsUser", profile.user.uid), ("runAsGroup", profile.user.gid), ("fsGroup", profile.user.gid)];
    for (key, id) in ids {
        // A pod that has no volumes needs no group for them, and it does no harm.
        let _ = id.map(|id| writeln!(out, "        {key}: {id}"));
    }
    out.push_str("        seccompProfile:\n          type: RuntimeDefault\n");
    if profile.opens_low_ports() {
        out.push_str("        sysctls:\n          - name: net.ipv4.ip_unprivileged_port_start\n            value: \"0\"\n");
    }
    let image = yaml(subject.image());
    let _ = write!(
        out,
        "      containers:\n        - name: {app}\n          image: {image}\n          securityContext:\n            \
         allowPrivilegeEscalation: false\n            readOnlyRootFilesystem: true\n            capabilities:\n              \
         drop:\n                - ALL\n"
    );
    if !profile.capabilities.is_empty() {
        out.push_str("              add:\n");
        for one in &profile.capabilities {
            let _ = writeln!(out, "                - {}", yaml(one));
        }
    }
    if !profile.variables.is_empty() {
        out.push_str("          env:\n");
    }
    for variable in &profile.variables {
        let variable = yaml(variable);
        let _ = write!(
            out,
            "            - name: {variable}\n              valueFrom:\n                secretKeyRef:\n                  \
             name: {app}\n                  key: {variable}\n"
        );
    }
    ports(&mut out, &profile.ports);
    out.push_str(
        "          resources:\n            limits:\n              cpu: \"1\"\n              memory: 512Mi\n          \
         volumeMounts:\n",
    );
    let mut volumes = vec![("tmp".to_owned(), "/tmp", false)];
    for path in &profile.tmpfs {
        volumes.push((free(&volumes, path), path, false));
    }
    for (path, source) in &profile.volumes {
        let name = match source {
            Source::Named(name) => name,
            Source::Folder(_) => path,
        };
        volumes.push((free(&volumes, name), path, true));
    }
    for (name, path, _) in &volumes {
        let _ = write!(out, "            - name: {}\n              mountPath: {}\n", yaml(name), yaml(path));
    }
    out.push_str("      volumes:\n");
    for (name, _, lasting) in &volumes {
        let name = yaml(name);
        let _ = write!(out, "        - name: {name}\n          ");
        let _ = if *lasting {
            writeln!(out, "persistentVolumeClaim:\n            claimName: {name}")
        } else {
            writeln!(out, "emptyDir: {{}}")
        };
    }
    out
}

/// A name for a volume that no other one has.
fn free(volumes: &[(String, &str, bool)], text: &str) -> String {
    let name = label(text);
    let name = if name.is_empty() { "data".to_owned() } else { name };
    let taken = |name: &str| volumes.iter().any(|(known, ..)| known == name);
    let mut more = std::iter::once(name.clone()).chain((2..).map(|count| format!("{name}-{count}")));
    more.find(|name| !taken(name)).unwrap_or(name)
}

fn ports(out: &mut String, ports: &[super::image::Ports]) {
    let each = ports.iter().flat_map(|one| (one.first..=one.last).map(|port| (port, one.protocol)));
    let mut each = each.take(MAX_PORTS).peekable();
    if each.peek().is_some() {
        out.push_str("          ports:\n");
    }
    for (port, protocol) in each {
        let _ = writeln!(out, "            - containerPort: {port}");
        if protocol != Protocol::Tcp {
            let _ = writeln!(out, "              protocol: {}", protocol.name().to_ascii_uppercase());
        }
    }
}
