//! TLS before something that speaks in the clear, such as a proxy that looks at what passes.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificates;

/// An SSLRequest: its length, and the number that stands for it.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F];
/// The answer: let us begin.
const WILLING: u8 = b'S';

/// A port with TLS, with a certificate for `localhost` and `127.0.0.1`; gone with its value.
#[derive(Debug)]
pub struct TlsFront {
    /// Where clients connect.
    pub port: u16,
    /// The authority that signed its certificate.
    pub ca: PathBuf,
    runtime: Option<Runtime>,
}

impl TlsFront {
    /// TLS before that port of 127.0.0.1; its files are made in `folder`.
    ///
    /// # Panics
    ///
    /// Where no port is free, or certificates cannot be made.
    pub fn start(target: u16, folder: &Path) -> Self {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let (authority, own) = certificates::make(folder, &names);
        let acceptor = acceptor(&own.certificate, &own.key).expect("a certificate");
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // How a connection ends is what tests are about: it is cut on both sides.
                tokio::spawn(pass(client, acceptor.clone(), target));
            }
        });
        Self { port, ca: authority.ca, runtime: Some(runtime) }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Box<dyn std::error::Error>> {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate)?],
            PrivateKeyDer::from_pem_file(key)?,
        )?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn pass(mut client: TcpStream, acceptor: TlsAcceptor, target: u16) -> io::Result<()> {
    let mut request = [0; SSL_REQUEST.len()];
    client.read_exact(&mut request).await?;
    if request != SSL_REQUEST {
        return Err(io::Error::other("no SSLRequest"));
    }
    client.write_all(&[WILLING]).await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
