//! Certificates for one test server, made on the fly.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// What clients of a test server with TLS need.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The authority that signed the server's certificate.
    pub ca: PathBuf,
    /// An authority that signed nothing.
    pub other_ca: PathBuf,
    /// The certificate of the role `cert_user`, which the server's authority has signed.
    pub client: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
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
fn certificate(
    common_name: &str,
    names: &[String],
    usage: ExtendedKeyUsagePurpose,
    by: &Authority,
) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, &by.issuer)?.pem(), key.serialize_pem()))
}

/// Writes an authority, another one, a server's certificate for `names` and a client's into `folder`.
pub(crate) fn make(folder: &Path, names: &[String]) -> (TlsFiles, ServerFiles) {
    let text = || {
        let signer = authority("walscope test authority")?;
        let other = authority("walscope other authority")?;
        let name = names.first().map_or("nobody", String::as_str);
        let (server, key) = certificate(name, names, ExtendedKeyUsagePurpose::ServerAuth, &signer)?;
        let client = ExtendedKeyUsagePurpose::ClientAuth;
        let (client, client_key) = certificate("cert_user", &[], client, &signer)?;
        Ok::<_, rcgen::Error>([signer.pem, other.pem, server, key, client, client_key])
    };
    let text = text().unwrap_or_else(|error| panic!("cannot make certificates: {error}"));
    let names = ["ca.crt", "other-ca.crt", "server.crt", "server.key", "client.crt", "client.key"];
    let paths = names.map(|name| folder.join(name));
    for (path, text) in paths.iter().zip(text) {
        fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let [ca, other_ca, certificate, key, client, client_key] = paths;
    (TlsFiles { ca, other_ca, client, client_key }, ServerFiles { certificate, key })
}
