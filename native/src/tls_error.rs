//! Why there is no TLS connection.

use std::fmt;
use std::io;

/// Why there is no TLS connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The server was asked for TLS and said that it has none.
    Refused,
    /// The server's certificate is not signed by whom we trust, or not valid now.
    NotTrusted {
        /// Why not.
        reason: String,
    },
    /// The certificate is trusted, but is made out for other hosts.
    HostName {
        /// The host that was asked for.
        host: String,
        /// The names in the certificate.
        names: Vec<String>,
    },
    /// The trusted certificates cannot be had.
    RootCertificates {
        /// Which, and why not.
        problem: String,
    },
    /// Our own certificate cannot be had.
    ClientCertificate {
        /// Which, and why not.
        problem: String,
    },
    /// Somebody put bytes between the server's answer and the handshake (CVE-2021-23222).
    EarlyData,
    /// The handshake failed.
    Handshake(io::Error),
}

impl TlsError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused => "WALSCOPE_TLS_REFUSED",
            Self::NotTrusted { .. } => "WALSCOPE_TLS_NOT_TRUSTED",
            Self::HostName { .. } => "WALSCOPE_TLS_HOST_NAME",
            Self::RootCertificates { .. } => "WALSCOPE_TLS_ROOT_CERTIFICATES",
            Self::ClientCertificate { .. } => "WALSCOPE_TLS_CLIENT_CERTIFICATE",
            Self::EarlyData | Self::Handshake(_) => "WALSCOPE_TLS",
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Refused => {
                "Switch TLS on at the server (ssl = on), or connect with sslmode=prefer or disable"
            }
            Self::NotTrusted { .. } => {
                "Give the certificate of the authority that signed the server's with \
                 sslrootcert=FILE, or sslrootcert=system for a public one"
            }
            Self::HostName { .. } => {
                "Connect to a host named in the certificate (hostaddr=ADDRESS can say where it \
                 is), or check the chain only with sslmode=verify-ca"
            }
            Self::RootCertificates { .. } => {
                "Give sslrootcert=FILE with the trusted certificates in PEM form, or \
                 sslrootcert=system"
            }
            Self::ClientCertificate { .. } => {
                "Give sslcert=FILE and sslkey=FILE in PEM form, or sslcertmode=disable for none"
            }
            Self::EarlyData => {
                "Somebody between here and the server may be tampering with the connection"
            }
            Self::Handshake(_) => return None,
        };
        Some(text.into())
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the server does not support TLS, but sslmode demands it"),
            Self::NotTrusted { reason } => {
                write!(f, "the server's certificate is not trusted: {reason}")
            }
            Self::HostName { host, names } if names.is_empty() => {
                write!(f, "the server's certificate is not for {host}: it names no host")
            }
            Self::HostName { host, names } => {
                write!(
                    f,
                    "the server's certificate is not for {host}, but for {}",
                    names.join(", ")
                )
            }
            Self::RootCertificates { problem } | Self::ClientCertificate { problem } => {
                f.write_str(problem)
            }
            Self::EarlyData => {
                f.write_str("unencrypted bytes came after the server agreed to use TLS")
            }
            Self::Handshake(error) => write!(f, "the TLS handshake failed: {error}"),
        }
    }
}
