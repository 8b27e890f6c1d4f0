//! Our own certificate, by which a server knows us: libpq's `sslcert` and `sslkey`.
//!
//! The manual's "Client Certificates"; the rules are those of `initialize_SSL` in libpq's
//! fe-secure-openssl.c.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Config;
use crate::error::Result;
use crate::tls_error::TlsError;

/// libpq's own places, in the home directory.
const DEFAULT_CERTIFICATE: &str = ".postgresql/postgresql.crt";
const DEFAULT_KEY: &str = ".postgresql/postgresql.key";

/// A certificate, those that lead to its authority, and the key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads both files; `None`: there is no certificate, and none was asked for.
    pub(crate) fn load(config: &Config) -> Result<Option<Self>> {
        let Some(given) = config.client_certificate() else { return Ok(None) };
        let at_home = |file: &str| std::env::home_dir().map(|home| home.join(file));
        let certificate = match given.certificate {
            Some(file) => file.to_path_buf(),
            None => match at_home(DEFAULT_CERTIFICATE).filter(|file| file.exists()) {
                Some(file) => file,
                None => return Ok(None),
            },
        };
        let key = given.key.map(Path::to_path_buf).or_else(|| at_home(DEFAULT_KEY));
        let key = key.unwrap_or_else(|| PathBuf::from(DEFAULT_KEY));
        let identity = Self { chain: chain_of(&certificate)?, key: key_of(&key)? };
        Ok(Some(identity))
    }
}

fn chain_of(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = file.display();
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(chain) if chain.is_empty() => refuse(format!("there is no certificate in {shown}")),
        Ok(chain) => Ok(chain),
        Err(error) => refuse(format!("cannot read the client's certificate {shown}: {error}")),
    }
}

fn key_of(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let shown = file.display();
    match fs::metadata(file) {
        // Reading a pipe would wait for its writer.
        Ok(metadata) if !metadata.is_file() => {
            return refuse(format!("the private key {shown} is no file"));
        }
        Ok(metadata) if is_open_to_others(&metadata) => {
            return refuse(format!(
                "the private key {shown} is not used, for others than its owner have access to it: \
                 chmod 0600"
            ));
        }
        Ok(_) => {}
        Err(error) => return refuse(format!("cannot read the private key {shown}: {error}")),
    }
    PrivateKeyDer::from_pem_file(file).or_else(|error| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let why = match text.contains("ENCRYPTED") {
            true => "it is encrypted, which is not supported".to_owned(),
            false => error.to_string(),
        };
        refuse(format!("cannot read the private key {shown}: {why}"))
    })
}

/// A key of root's may be read by a group.
#[cfg(unix)]
fn is_open_to_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    metadata.mode() & forbidden != 0
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &Metadata) -> bool {
    false
}

fn refuse<T>(problem: String) -> Result<T> {
    Err(TlsError::ClientCertificate { problem }.into())
}
