//! Servers that misbehave, and somebody in the middle: played by the test.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime,
};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use walscope::{Client, Config, ConnectionKind, Error, SslMode};
use walscope_tests::{Major, PASSWORD, Tls};

use crate::{code, run, start};

/// A listener, and settings to connect to it.
async fn listener() -> (TcpListener, Config) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Config::new().with_host("127.0.0.1").with_port(port);
    (listener, config.with_user("scram_user").with_password(PASSWORD).with_dbname("postgres"))
}

/// Answers each connection's messages, one after the other, with these bytes; then waits.
async fn answer_with(listener: TcpListener, answers: Vec<Vec<u8>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answers = answers.clone();
        tokio::spawn(async move {
            for answer in answers {
                let mut received = [0; 4096];
                if stream.read(&mut received).await.unwrap_or(0) == 0 {
                    return;
                }
                stream.write_all(&answer).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
    }
}

/// What becomes of a connection to a server that answers so.
async fn meet(config: Config, listener: TcpListener, answers: &[&[u8]]) -> Error {
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    let server = tokio::spawn(answer_with(listener, answers));
    let result = Client::connect(&config, ConnectionKind::Sql).await;
    server.abort();
    result.unwrap_err()
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    run(async {
        let (listener, config) = listener().await;
        let config = config.with_connect_timeout(Some(Duration::from_millis(300)));
        let error = meet(config, listener, &[]).await;
        assert_eq!(error.code(), "WALSCOPE_TIMEOUT");
        assert!(error.to_string().contains("127.0.0.1:"), "{error}");
    });
}

#[test]
fn what_is_no_postgresql_is_found_out() {
    run(async {
        for (mode, answers) in [
            (SslMode::Require, &[&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]][..]),
            (SslMode::Disable, &[b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
            (SslMode::Disable, &[b"R\0\0\0\x03"]),
            (SslMode::Disable, &[b"D\x7f\xff\xff\xff"]),
            (SslMode::Disable, &[b"v\0\0\0\x0c\0\x03\0\0\0\0\0\0"]),
        ] {
            let (listener, config) = listener().await;
            let error = meet(config.with_ssl_mode(mode), listener, answers).await;
            assert_eq!(error.code(), "WALSCOPE_PROTOCOL", "{error}");
        }
    });
}

#[test]
fn bytes_before_the_handshake_are_refused_in_every_mode() {
    run(async {
        for mode in [SslMode::Prefer, SslMode::Require] {
            for answers in [&[&b"SR\0\0\0\x08\0\0\0\0"[..]][..], &[b"NR\0\0\0\x08\0\0\0\0"]] {
                let (listener, config) = listener().await;
                let error = meet(config.with_ssl_mode(mode), listener, answers).await;
                assert_eq!(error.code(), "WALSCOPE_TLS", "{error}");
                assert!(error.to_string().contains("unencrypted bytes"), "{error}");
            }
        }
    });
}

/// AuthenticationSASL with SCRAM-SHA-256.
const SASL: &[u8] = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0";
const OK: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

#[test]
fn a_server_must_prove_that_it_knows_the_password() {
    run(async {
        // Welcomed at once; a nonce that is not ours; GSSAPI; an unknown mechanism.
        for (answers, problem) in [
            (&[SASL, OK][..], "without proving"),
            (&[SASL, b"R\0\0\0\x19\0\0\0\x0br=x,s=YWJj,i=4096"], "nonce"),
            (&[b"R\0\0\0\x08\0\0\0\x07"], "GSSAPI"),
            (&[b"R\0\0\0\x13\0\0\0\x0aOAUTHBEAR\0\0"], "OAUTHBEAR"),
        ] {
            let (listener, config) = listener().await;
            let error = meet(config.with_ssl_mode(SslMode::Disable), listener, answers).await;
            assert_eq!(error.code(), "WALSCOPE_AUTH", "{error}");
            assert!(error.to_string().contains(problem), "{error}");
        }
    });
}

#[test]
fn an_old_server_is_refused() {
    run(async {
        let (listener, config) = listener().await;
        let answer = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x19server_version\x0013.22\0Z\0\0\0\x05I";
        let error = meet(config.with_ssl_mode(SslMode::Disable), listener, &[answer]).await;
        assert_eq!(error.code(), "WALSCOPE_UNSUPPORTED");
        assert!(error.to_string().contains("13.22"), "{error}");
        assert!(error.hint().unwrap().contains("14 or newer"));
    });
}

/// Takes any certificate, as somebody in the middle would.
#[derive(Debug)]
struct Careless;

impl ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Ends the client's TLS with a certificate of its own and speaks TLS to the server.
async fn man_in_the_middle(listener: TcpListener, server_port: u16) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(default_provider());
    let front = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let back = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Careless))
        .with_no_client_auth();
    let (acceptor, connector) =
        (TlsAcceptor::from(Arc::new(front)), TlsConnector::from(Arc::new(back)));
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", server_port)).await.unwrap();
        let mut request = [0; 8];
        client.read_exact(&mut request).await.unwrap();
        server.write_all(&request).await.unwrap();
        let mut answer = [0; 1];
        server.read_exact(&mut answer).await.unwrap();
        client.write_all(&answer).await.unwrap();
        let (acceptor, connector) = (acceptor.clone(), connector.clone());
        tokio::spawn(async move {
            let mut client = acceptor.accept(client).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let mut server = connector.connect(name, server).await.unwrap();
            // It ends when either side has enough.
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

/// With `require` nobody looks at the certificate, but SCRAM is bound to it.
#[test]
fn channel_binding_finds_out_somebody_in_the_middle() {
    for major in Major::ALL {
        let server = start(major, Tls::On);
        run(async {
            let (listener, config) = listener().await;
            let port = listener.local_addr().unwrap().port();
            let middle = tokio::spawn(man_in_the_middle(listener, server.port()));
            let config = config.with_ssl_mode(SslMode::Require);
            let bound = Client::connect(&config, ConnectionKind::Sql).await;
            assert!(server.log().contains("channel binding"), "{major}: {bound:?}");
            assert_eq!(code(bound), "28000", "{major}");
            let mut unbound = config.clone();
            unbound.set("channel_binding", "disable").unwrap();
            assert_eq!(unbound.port(), port);
            Client::connect(&unbound, ConnectionKind::Sql).await.unwrap();
            unbound.set("channel_binding", "require").unwrap();
            let bound = Client::connect(&unbound, ConnectionKind::Sql).await;
            assert_eq!(code(bound), "28000", "{major}");
            middle.abort();
        });
    }
}
