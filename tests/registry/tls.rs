//! A certificate authority of the test and a certificate for this machine, made with the openssl command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

use crate::process::installed;

pub(crate) struct Authority(TempDir);

pub(crate) fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Authority {
    /// With a certificate for 127.0.0.2 and `names`. `None` when there is no openssl here.
    pub(crate) fn new(names: &[&str]) -> Option<Self> {
        if !installed("openssl", "this test") {
            return None;
        }
        let folder = TempDir::with_prefix("harden-ca-").unwrap();
        let dir = folder.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        // A server's certificate must not be the authority's own: rustls refuses that.
        openssl(dir, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"));
        openssl(dir, &format!("req -new {key} -keyout server.key -out server.csr -subj /CN=server"));
        let names = names.iter().map(|name| format!("DNS:{name}"));
        let names: Vec<_> = std::iter::once("IP:127.0.0.2".to_owned()).chain(names).collect();
        fs::write(dir.join("names"), format!("subjectAltName={}\n", names.join(","))).unwrap();
        let sign = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(dir, &format!("{sign} -out server.pem"));
        Some(Self(folder))
    }

    /// What clients trust.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// The lines of docker-registry's configuration, below `http`.
    pub(crate) fn configuration(&self) -> String {
        let path = |name: &str| self.0.path().join(name).display().to_string();
        format!("  tls: {{certificate: {}, key: {}}}\n", path("server.pem"), path("server.key"))
    }

    /// For a server of the test.
    pub(crate) fn server(&self) -> Arc<rustls::ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.0.path().join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.0.path().join("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Arc::new(config)
    }
}
