//! What a server's certificate says about itself, beyond what rustls tells.
//!
//! Used to name hosts in messages, for the common name where a certificate has no alternative
//! names (the manual's own recipe makes such), and for SCRAM's channel binding.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest;
use x509_cert::Certificate;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Signature algorithms by the hash that they use: RFC 8017, RFC 5758 and RFC 3279.
///
/// RSASSA-PSS names its hash in parameters and Ed25519 has none; with them there is no channel
/// binding.
const SIGNATURE_HASHES: [(&str, &digest::Algorithm); 8] = [
    // RFC 5929 replaces MD5 and SHA-1 by SHA-256.
    ("1.2.840.113549.1.1.4", &digest::SHA256),
    ("1.2.840.113549.1.1.5", &digest::SHA256),
    ("1.2.840.113549.1.1.11", &digest::SHA256),
    ("1.2.840.113549.1.1.12", &digest::SHA384),
    ("1.2.840.113549.1.1.13", &digest::SHA512),
    ("1.2.840.10045.4.3.2", &digest::SHA256),
    ("1.2.840.10045.4.3.3", &digest::SHA384),
    ("1.2.840.10045.4.3.4", &digest::SHA512),
];

/// The hosts that a certificate is made out for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// DNS names and addresses among the subject's alternative names.
    pub(crate) alternative: Vec<String>,
    /// The subject's common name.
    pub(crate) common: Option<String>,
}

impl Names {
    /// Whether the common name stands for `host`, which it does only where there are no
    /// alternative names. A leading `*.` stands for one label, as in libpq.
    pub(crate) fn common_name_matches(&self, host: &str) -> bool {
        let Some(common) = self.common.as_deref().filter(|_| self.alternative.is_empty()) else {
            return false;
        };
        if common.eq_ignore_ascii_case(host) {
            return true;
        }
        let wildcard = common.strip_prefix('*').filter(|rest| rest.starts_with('.'));
        let label_end = host.find('.').filter(|end| *end > 0);
        match (wildcard, label_end) {
            (Some(rest), Some(end)) => {
                host.parse::<IpAddr>().is_err() && host[end..].eq_ignore_ascii_case(rest)
            }
            _ => false,
        }
    }

    /// The names to be shown.
    pub(crate) fn shown(self) -> Vec<String> {
        if self.alternative.is_empty() {
            self.common.into_iter().collect()
        } else {
            self.alternative
        }
    }
}

/// The names of a certificate; none where it cannot be read.
pub(crate) fn names(der: &[u8]) -> Names {
    let Ok(certificate) = Certificate::from_der(der) else { return Names::default() };
    let subject = certificate.tbs_certificate();
    let alternative = match subject.get_extension::<SubjectAltName>() {
        Ok(Some((_, names))) => names.0.iter().filter_map(host_name).collect(),
        _ => Vec::new(),
    };
    let common = subject.subject().common_name().ok().flatten();
    Names { alternative, common: common.map(|name| name.value().to_string()) }
}

fn host_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Whether a certificate is valid at a time since 1970; `None`: it cannot be read.
pub(crate) fn is_valid_at(der: &[u8], now: Duration) -> Option<bool> {
    let certificate = Certificate::from_der(der).ok()?;
    let validity = certificate.tbs_certificate().validity();
    let from = validity.not_before.to_unix_duration();
    Some((from..=validity.not_after.to_unix_duration()).contains(&now))
}

/// A certificate's public key and the content of its algorithm identifier, as in DER.
pub(crate) fn public_key(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let certificate = Certificate::from_der(der).ok()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    let mut algorithm = key.algorithm.oid.to_der().ok()?;
    if let Some(parameters) = &key.algorithm.parameters {
        algorithm.extend(parameters.to_der().ok()?);
    }
    Some((algorithm, key.subject_public_key.as_bytes()?.to_vec()))
}

/// The channel binding `tls-server-end-point` (RFC 5929): the hash of the certificate by the
/// algorithm that its signature uses. `None`: there is none for this certificate.
pub(crate) fn end_point(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let algorithm: ObjectIdentifier = certificate.signature_algorithm().oid;
    let (_, hash) = SIGNATURE_HASHES
        .iter()
        .find(|(oid, _)| ObjectIdentifier::new(oid).is_ok_and(|oid| oid == algorithm))?;
    Some(digest::digest(hash, der).as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_counts_only_without_alternative_names() {
        let common = |name: &str| Names { common: Some(name.into()), ..Names::default() };
        for (name, host, matches) in [
            ("db.example", "DB.Example", true),
            ("db.example", "x.db.example", false),
            ("*.example", "db.example", true),
            ("*.example", "a.db.example", false),
            ("*.example", ".example", false),
            ("*.example", "example", false),
            ("*example", "xexample", false),
            ("*.0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(common(name).common_name_matches(host), matches, "{name} {host}");
        }
        let mut both = common("db.example");
        both.alternative.push("other.example".into());
        assert!(!both.common_name_matches("db.example"));
    }

    #[test]
    fn what_is_no_certificate_has_nothing() {
        for bytes in [&b""[..], b"\x30\x80", &[0x30; 64]] {
            assert_eq!(names(bytes), Names::default());
            assert_eq!(end_point(bytes), None);
            assert_eq!(is_valid_at(bytes, Duration::ZERO), None);
        }
    }

    #[test]
    fn every_signature_algorithm_is_an_object_identifier() {
        for (oid, _) in SIGNATURE_HASHES {
            assert!(ObjectIdentifier::new(oid).is_ok(), "{oid}");
        }
    }
}
