//! Which server certificates are taken: libpq's rules on top of rustls' checks.
//!
//! Three things that OpenSSL and so libpq take, and rustls by itself does not: a server's own
//! certificate that is itself among the trusted ones, a common name where there are no
//! alternative names, and X.509 version 1. The manual's recipes make such certificates.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use crate::certificate;

/// Whose certificates are taken.
#[derive(Debug)]
pub(crate) enum Trust {
    /// Anybody's: the connection is secret, but from whom nobody knows.
    Anybody,
    /// Those signed by these, and these themselves.
    SignedBy {
        /// The same certificates as rustls takes them.
        roots: RootCertStore,
        /// The certificates.
        certificates: Vec<CertificateDer<'static>>,
    },
}

/// Checks a server's certificate.
#[derive(Debug)]
pub(crate) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    trust: Trust,
    /// The host that the certificate must name.
    host: Option<String>,
}

impl Verifier {
    pub(crate) fn new(provider: &Arc<CryptoProvider>, trust: Trust, host: Option<String>) -> Self {
        Self { algorithms: provider.signature_verification_algorithms, trust, host }
    }

    fn check_chain(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let Trust::SignedBy { roots, certificates } = &self.trust else { return Ok(()) };
        if certificates.iter().any(|trusted| trusted == own) {
            return check_validity(own, now);
        }
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(own)?,
            roots,
            intermediates,
            now,
            self.algorithms.all,
        )
    }

    fn check_name(&self, own: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
        let Some(host) = &self.host else { return Ok(()) };
        let parsed = ParsedCertificate::try_from(own);
        if parsed.and_then(|parsed| verify_server_name(&parsed, name)).is_ok() {
            return Ok(());
        }
        let names = certificate::names(own);
        if names.common_name_matches(host) {
            return Ok(());
        }
        Err(CertificateError::NotValidForNameContext {
            expected: name.to_owned(),
            presented: names.shown(),
        }
        .into())
    }

    /// For certificates that rustls does not read: only their key is needed here.
    fn check_signature_by_key(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let (algorithm, key) = certificate::public_key(own).ok_or(CertificateError::BadEncoding)?;
        let fitting = self
            .algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == signed.scheme)
            .flat_map(|(_, candidates)| candidates.iter())
            .filter(|candidate| candidate.public_key_alg_id().as_ref() == algorithm);
        for candidate in fitting {
            if candidate.verify_signature(&key, message, signed.signature()).is_ok() {
                return Ok(HandshakeSignatureValid::assertion());
            }
        }
        Err(CertificateError::BadSignature.into())
    }
}

fn check_validity(own: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    match certificate::is_valid_at(own, Duration::from_secs(now.as_secs())) {
        Some(true) => Ok(()),
        Some(false) => Err(CertificateError::Expired.into()),
        None => Err(CertificateError::BadEncoding.into()),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check_chain(end_entity, intermediates, now)?;
        self.check_name(end_entity, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match ParsedCertificate::try_from(cert) {
            Ok(_) => verify_tls12_signature(message, cert, dss, &self.algorithms),
            Err(_) => self.check_signature_by_key(message, cert, dss),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match ParsedCertificate::try_from(cert) {
            Ok(_) => verify_tls13_signature(message, cert, dss, &self.algorithms),
            Err(_) => self.check_signature_by_key(message, cert, dss),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}
