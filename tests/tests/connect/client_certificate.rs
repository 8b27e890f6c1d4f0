//! A server that knows its clients by their certificates.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use walscope_tests::{Major, Server, ServerOptions, Tls};

use crate::{connect, replicate, run, value};

fn start(major: Major) -> Server {
    let hba = vec!["hostssl all,replication cert_user all cert".into()];
    let server = Server::start(ServerOptions { major, hba, tls: Tls::On, ..Default::default() });
    server.sql("CREATE ROLE cert_user LOGIN REPLICATION");
    fs::set_permissions(&server.tls().client_key, Permissions::from_mode(0o600)).unwrap();
    server
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_certificate_signs_in() {
    for major in Major::ALL {
        let server = start(major);
        let files = server.tls();
        let changes = [
            ("user", "cert_user"),
            ("sslmode", "verify-full"),
            ("sslrootcert", text(&files.ca)),
            ("sslcert", text(&files.client)),
            ("sslkey", text(&files.client_key)),
        ];
        run(async {
            let mut client = connect(&server, &changes).await.unwrap();
            assert_eq!(value(&mut client, "SELECT current_user").await, "cert_user");
            client.close().await;
            replicate(&server, &changes).await.unwrap().close().await;
        });
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let server = start(Major::default());
    let files = server.tls();
    let write = |name: &str, text: &str, mode: u32| {
        let path = server.folder().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    };
    let key = fs::read_to_string(&files.client_key).unwrap();
    let open = write("open.key", &key, 0o644);
    let encrypted = write("encrypted.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 0o600);
    let folder = server.folder().join("tls");
    let (other, other_key) = (folder.join("server.crt"), folder.join("server.key"));
    let (client, client_key) = (text(&files.client), text(&files.client_key));
    let own = "WALSCOPE_TLS_CLIENT_CERTIFICATE";
    run(async {
        for (changes, code, problem) in [
            (&[("sslcertmode", "disable")][..], "28000", "requires a valid client certificate"),
            (
                &[("sslcert", client), ("sslkey", client_key), ("sslcertmode", "disable")],
                "28000",
                "requires a valid client certificate",
            ),
            (
                &[("sslcert", text(&other)), ("sslkey", text(&other_key))],
                "WALSCOPE_TLS",
                "UnsupportedCertificate",
            ),
            (&[("sslcert", "/no/such"), ("sslkey", client_key)], own, "certificate /no/such: "),
            (&[("sslcert", client_key), ("sslkey", client_key)], own, "no certificate in "),
            (&[("sslcert", client), ("sslkey", "/no/such")], own, "private key /no/such: "),
            (&[("sslcert", client), ("sslkey", "/dev/null")], own, "/dev/null is no file"),
            (&[("sslcert", client), ("sslkey", text(&open))], own, "chmod 0600"),
            (&[("sslcert", client), ("sslkey", text(&encrypted))], own, "it is encrypted"),
            (&[("sslcert", client), ("sslkey", text(&other_key))], own, "cannot be used: "),
        ] {
            let mut all = vec![("user", "cert_user"), ("sslmode", "require")];
            all.extend(changes);
            let error = connect(&server, &all).await.unwrap_err();
            assert_eq!(error.code(), code, "{changes:?}: {error}");
            assert!(error.to_string().contains(problem), "{error}");
            if code == own {
                assert!(error.hint().unwrap().contains("sslcert=FILE"));
            }
        }
    });
}
