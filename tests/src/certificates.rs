//! Certificates for one test server, made on the fly.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The authorities' certificates of a test server with TLS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The authority that signed the server's certificate.
    pub ca: PathBuf,
    /// An authority that signed nothing.
    pub other_ca: PathBuf,
}

/// The server's own half.
#[derive(Debug)]
pub(crate) struct ServerFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn authority(name: &str) -> Result<Authority, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok(Authority { issuer: Issuer::new(params, key), pem })
}

/// The certificate and its key, as PEM.
fn server_certificate(names: &[String], by: &Authority) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    let common_name = names.first().map_or("nobody", String::as_str);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, &by.issuer)?.pem(), key.serialize_pem()))
}

/// Writes an authority, another one, and a server's certificate for `names` into `folder`.
pub(crate) fn make(folder: &Path, names: &[String]) -> (TlsFiles, ServerFiles) {
    let text = || {
        let signer = authority("walscope test authority")?;
        let other = authority("walscope other authority")?;
        let (certificate, key) = server_certificate(names, &signer)?;
        Ok::<_, rcgen::Error>([signer.pem, other.pem, certificate, key])
    };
    let text = text().unwrap_or_else(|error| panic!("cannot make certificates: {error}"));
    let paths = ["ca.crt", "other-ca.crt", "server.crt", "server.key"].map(|f| folder.join(f));
    for (path, text) in paths.iter().zip(text) {
        fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let [ca, other_ca, certificate, key] = paths;
    (TlsFiles { ca, other_ca }, ServerFiles { certificate, key })
}
