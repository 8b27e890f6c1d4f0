//! TLS with libpq's meaning of `sslmode`, by rustls over aws-lc-rs.
//!
//! The provider is given explicitly: a program may use walscope beside other users of rustls and
//! need not install a process-wide one.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate;
use crate::client_certificate::Identity;
use crate::config::{Config, RootCertificates, SslMode};
use crate::error::{Error, Result};
use crate::link::Link;
use crate::tls_error::TlsError;
use crate::verifier::{Trust, Verifier};

/// What PostgreSQL 17 and later expect, and earlier versions do not look at.
const ALPN: &[u8] = b"postgresql";
/// libpq's own place for trusted certificates, in the home directory.
const DEFAULT_ROOT_FILE: &str = ".postgresql/root.crt";
/// What is read from the socket at once.
const READ_SIZE: usize = 64 * 1024;

/// How to make TLS connections for some settings.
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    host: String,
}

impl Tls {
    /// Loads the certificates that the settings ask for: those that are trusted, and our own.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let host = config.server_name();
        let check_name = config.ssl_mode() == SslMode::VerifyFull;
        let name = match ServerName::try_from(host.clone()) {
            Ok(name) => name,
            Err(_) if check_name => {
                return Err(Error::config(format!(
                    "sslmode=verify-full needs a host that a certificate can name, not \"{host}\""
                )));
            }
            // An address is not sent to the server, and nobody looks at it.
            Err(_) => ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new(&provider, trust(config)?, check_name.then(|| host.clone()));
        let mut client = client_config(provider, verifier, Identity::load(config)?)?;
        client.alpn_protocols = vec![ALPN.to_vec()];
        client.resumption = Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(client)), name, host })
    }

    /// Makes the TLS connection after the server has agreed to it.
    pub(crate) async fn handshake(
        &self,
        stream: TcpStream,
    ) -> Result<TlsStream<BufReader<Link<TcpStream>>>> {
        // rustls asks for 4 KiB at a time; the server sends a record for each message.
        let stream = BufReader::with_capacity(READ_SIZE, Link::new(stream));
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected.map_err(|error| Error::Tls(handshake_error(&self.host, error)))
    }
}

fn client_config(
    provider: Arc<CryptoProvider>,
    verifier: Verifier,
    identity: Option<Identity>,
) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Handshake(io::Error::other(error)))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(Identity { chain, key }) => {
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let problem = format!("the client's certificate cannot be used: {error}");
                TlsError::ClientCertificate { problem }.into()
            })
        }
    }
}

/// Whom to trust. `require` checks the chain only where libpq does: where there are trusted
/// certificates.
fn trust(config: &Config) -> Result<Trust> {
    let default = || default_root_file().filter(|file| file.exists());
    match (config.ssl_mode(), config.root_certificates()) {
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer, _) => Ok(Trust::Anybody),
        (_, Some(RootCertificates::System)) => system_roots(),
        (_, Some(RootCertificates::File(file))) => roots_of(file),
        (mode, None) => match default() {
            Some(file) => roots_of(&file),
            None if mode == SslMode::Require => Ok(Trust::Anybody),
            None => Err(TlsError::RootCertificates {
                problem: format!("sslmode={mode} needs trusted certificates, and none are given"),
            }
            .into()),
        },
    }
}

fn default_root_file() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(DEFAULT_ROOT_FILE))
}

fn system_roots() -> Result<Trust> {
    let loaded = rustls_native_certs::load_native_certs();
    let problem = loaded.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
    trust_in(loaded.certs, || format!("the system has no trusted certificates{problem}"))
}

fn roots_of(file: &Path) -> Result<Trust> {
    let shown = file.display();
    let parsed = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = parsed.map_err(|error| TlsError::RootCertificates {
        problem: format!("cannot read the trusted certificates in {shown}: {error}"),
    })?;
    trust_in(certificates, || format!("there is no usable certificate in {shown}"))
}

fn trust_in(
    certificates: Vec<CertificateDer<'static>>,
    none: impl Fn() -> String,
) -> Result<Trust> {
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 {
        return Err(TlsError::RootCertificates { problem: none() }.into());
    }
    Ok(Trust::SignedBy { roots, certificates })
}

/// Tells a certificate that is not trusted from one for another host, and both from the rest.
fn handshake_error(host: &str, error: io::Error) -> TlsError {
    use CertificateError as Certificate;
    let Some(rustls::Error::InvalidCertificate(problem)) = rustls_error(&error) else {
        return TlsError::Handshake(error);
    };
    let reason = match problem {
        Certificate::NotValidForNameContext { presented, .. } => {
            return TlsError::HostName { host: host.into(), names: presented.clone() };
        }
        Certificate::UnknownIssuer => "no trusted authority has signed it".to_string(),
        Certificate::Expired | Certificate::ExpiredContext { .. } => "it has expired".to_string(),
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            "it is not valid yet".to_string()
        }
        other => other.to_string(),
    };
    TlsError::NotTrusted { reason }
}

/// What TLS has against an established connection; anything else comes back.
pub(crate) fn alert(error: io::Error) -> Result<TlsError, io::Error> {
    match rustls_error(&error) {
        Some(_) => Ok(TlsError::Handshake(error)),
        None => Err(error),
    }
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The channel binding of a connection, where its certificate allows one.
pub(crate) fn channel_binding(stream: &TlsStream<BufReader<Link<TcpStream>>>) -> Option<Vec<u8>> {
    let (_, connection) = stream.get_ref();
    certificate::end_point(connection.peer_certificates()?.first()?)
}
