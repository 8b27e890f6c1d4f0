//! Unix-domain sockets, which have no TLS and no address.

use walscope::{Client, Config, ConnectionKind};
use walscope_tests::{Major, Tls};

use crate::{code_and_hint, connect, replicate, run, start, value};

/// Nothing to encrypt, whatever the mode asks for, as with libpq.
const MODES: [&str; 3] = ["disable", "prefer", "verify-full"];

#[test]
fn a_folder_is_a_host() {
    for major in Major::ALL {
        let server = start(major, Tls::On);
        let folder = server.folder().display().to_string();
        run(async {
            for sslmode in MODES {
                let changes = [("host", folder.as_str()), ("sslmode", sslmode)];
                let mut client = connect(&server, &changes).await.unwrap();
                let peer = "SELECT client_port FROM pg_stat_activity WHERE pid = pg_backend_pid()";
                assert_eq!(value(&mut client, peer).await, "-1", "PostgreSQL {major}");
                assert!(!client.is_encrypted());
                client.close().await;
                replicate(&server, &changes).await.unwrap().close().await;
            }
            let encoded = folder.replace('/', "%2F");
            let uri = format!("postgres://trust_user@{encoded}:{}/postgres", server.port());
            let config = Config::parse(&uri).unwrap();
            let mut client = Client::connect(&config, ConnectionKind::Physical).await.unwrap();
            assert!(client.identify_system().await.unwrap().system_id > 0);
            client.close().await;
        });
    }
}

#[test]
fn a_socket_that_is_not_there_is_named() {
    let server = start(Major::default(), Tls::Off);
    let folder = server.folder().display().to_string();
    run(async {
        let failed = connect(&server, &[("host", &folder), ("port", "1")]).await;
        let text = failed.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert!(text.contains(&format!("cannot connect to {folder}/.s.PGSQL.1: ")), "{text}");
        let (code, hint) = code_and_hint(failed);
        assert_eq!(code, "WALSCOPE_CONNECT");
        assert!(hint.contains("unix_socket_directories"), "{hint}");
    });
}
