//! `sslmode` against servers with TLS, without, and with certificates of all kinds.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use walscope_tests::{Major, Server, Tls};

use crate::{code, code_and_hint, connect, run, start};

/// What becomes of a connection.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Plain,
    Encrypted,
    Refused(String),
}

async fn outcome(server: &Server, changes: &[(&str, &str)]) -> Outcome {
    match connect(server, changes).await {
        Ok(client) if client.is_encrypted() => Outcome::Encrypted,
        Ok(_) => Outcome::Plain,
        Err(error) => Outcome::Refused(error.code().into()),
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.into())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_server_without_tls() {
    let server = start(Major::default(), Tls::Off);
    let elsewhere = start(Major::default(), Tls::On);
    let ca = text(&elsewhere.tls().ca);
    run(async {
        for sslmode in ["disable", "allow", "prefer"] {
            assert_eq!(outcome(&server, &[("sslmode", sslmode)]).await, Outcome::Plain);
        }
        for sslmode in ["require", "verify-ca", "verify-full"] {
            let connected = connect(&server, &[("sslmode", sslmode), ("sslrootcert", ca)]).await;
            let (code, hint) = code_and_hint(connected);
            assert_eq!(code, "WALSCOPE_TLS_REFUSED", "{sslmode}");
            assert!(hint.contains("ssl = on"), "{hint}");
        }
    });
}

#[test]
fn a_server_with_tls_on_every_major() {
    for major in Major::ALL {
        let server = start(major, Tls::On);
        let (ca, other) = (text(&server.tls().ca), text(&server.tls().other_ca));
        let untrusted = || refused("WALSCOPE_TLS_NOT_TRUSTED");
        run(async {
            for (sslmode, with_other_ca) in [
                ("disable", Outcome::Plain),
                ("allow", Outcome::Plain),
                ("prefer", Outcome::Encrypted),
                ("require", untrusted()),
                ("verify-ca", untrusted()),
                ("verify-full", untrusted()),
            ] {
                let with_ca = match sslmode {
                    "disable" | "allow" => Outcome::Plain,
                    _ => Outcome::Encrypted,
                };
                let trusted = [("sslmode", sslmode), ("sslrootcert", ca)];
                assert_eq!(outcome(&server, &trusted).await, with_ca, "{sslmode}");
                let wrong = [("sslmode", sslmode), ("sslrootcert", other)];
                assert_eq!(outcome(&server, &wrong).await, with_other_ca, "{sslmode}");
            }
        });
    }
}

#[test]
fn a_certificate_for_another_host() {
    let server = start(Major::default(), Tls::WrongName);
    let ca = text(&server.tls().ca);
    run(async {
        for sslmode in ["require", "verify-ca"] {
            let changes = [("sslmode", sslmode), ("sslrootcert", ca)];
            assert_eq!(outcome(&server, &changes).await, Outcome::Encrypted, "{sslmode}");
        }
        let full = [("sslmode", "verify-full"), ("sslrootcert", ca)];
        let error = connect(&server, &full).await.unwrap_err();
        assert_eq!(error.code(), "WALSCOPE_TLS_HOST_NAME");
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
        assert!(error.to_string().contains("elsewhere.example"), "{error}");
        // The host is what the certificate must name, wherever it is.
        let renamed = [full[0], full[1], ("host", "elsewhere.example"), ("hostaddr", "127.0.0.1")];
        assert_eq!(outcome(&server, &renamed).await, Outcome::Encrypted);
    });
}

#[test]
fn hosts_are_names_and_addresses() {
    let server = start(Major::default(), Tls::On);
    let (port, ca) = (server.port().to_string(), text(&server.tls().ca));
    run(async {
        for host in ["localhost", "127.0.0.1"] {
            let changes = [
                ("host", host),
                ("hostaddr", "127.0.0.1"),
                ("port", &port),
                ("sslmode", "verify-full"),
                ("sslrootcert", ca),
            ];
            assert_eq!(outcome(&server, &changes).await, Outcome::Encrypted, "{host}");
        }
    });
}

#[test]
fn trusted_certificates_that_cannot_be_had() {
    let server = start(Major::default(), Tls::On);
    let empty = server.folder().join("empty.crt");
    fs::write(&empty, "no certificate\n").unwrap();
    let own = std::env::home_dir().unwrap().join(".postgresql/root.crt").exists();
    run(async {
        for (changes, expected) in [
            (&[("sslrootcert", "/no/such/file")][..], "WALSCOPE_TLS_ROOT_CERTIFICATES"),
            (&[("sslrootcert", text(&empty))], "WALSCOPE_TLS_ROOT_CERTIFICATES"),
            // Public authorities do not know this server.
            (&[("sslrootcert", "system")], "WALSCOPE_TLS_NOT_TRUSTED"),
            // libpq's own file, should this machine's user have one, does not know it either.
            (&[], if own { "WALSCOPE_TLS_NOT_TRUSTED" } else { "WALSCOPE_TLS_ROOT_CERTIFICATES" }),
        ] {
            let mut all = vec![("sslmode", "verify-full")];
            all.extend(changes);
            let (code, hint) = code_and_hint(connect(&server, &all).await);
            assert_eq!(code, expected, "{changes:?}");
            assert!(hint.contains("sslrootcert=FILE"), "{hint}");
        }
        let weak = [("sslmode", "require"), ("sslrootcert", "system")];
        assert_eq!(code(connect(&server, &weak).await), "WALSCOPE_CONFIG");
    });
}

/// Gives the server another certificate.
fn replace_certificate(server: &mut Server, certificate: &str, key: &str) {
    let folder = server.folder().join("tls");
    fs::write(folder.join("server.crt"), certificate).unwrap();
    fs::write(folder.join("server.key"), key).unwrap();
    server.restart();
}

/// A certificate as the manual makes it: signed by itself, with a common name and no other.
fn self_signed(common_name: &str, change: impl Fn(&mut CertificateParams)) -> (String, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_self_signed_certificate_can_be_trusted_itself() {
    let mut server = start(Major::default(), Tls::On);
    let trusted = server.folder().join("trusted.crt");
    let full = |host| {
        [
            ("host", host),
            ("hostaddr", "127.0.0.1"),
            ("sslmode", "verify-full"),
            ("sslrootcert", text(&trusted)),
        ]
    };
    let (certificate, key) = self_signed("*.walscope.example", |_| {});
    replace_certificate(&mut server, &certificate, &key);
    fs::write(&trusted, &certificate).unwrap();
    run(async {
        assert_eq!(outcome(&server, &full("db.walscope.example")).await, Outcome::Encrypted);
        let other = connect(&server, &full("localhost")).await.unwrap_err();
        assert_eq!(other.code(), "WALSCOPE_TLS_HOST_NAME");
        assert!(other.to_string().contains("*.walscope.example"), "{other}");
    });

    // The same name, but another key: not the one that is trusted.
    let (impostor, key) = self_signed("*.walscope.example", |_| {});
    replace_certificate(&mut server, &impostor, &key);
    run(async {
        let untrusted = refused("WALSCOPE_TLS_NOT_TRUSTED");
        assert_eq!(outcome(&server, &full("db.walscope.example")).await, untrusted);
    });

    let (expired, key) = self_signed("db.walscope.example", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 2);
    });
    replace_certificate(&mut server, &expired, &key);
    fs::write(&trusted, &expired).unwrap();
    run(async {
        let error = connect(&server, &full("db.walscope.example")).await.unwrap_err();
        assert!(error.to_string().contains("expired"), "{error}");
    });
}

/// What `openssl x509 -req -signkey` of OpenSSL 3.0 makes of a request, for the host `localhost`.
#[test]
fn a_certificate_of_x509_version_1() {
    let mut server = start(Major::default(), Tls::On);
    let certificate = include_str!("x509-version-1.crt");
    replace_certificate(&mut server, certificate, include_str!("x509-version-1.key"));
    let trusted = server.folder().join("trusted.crt");
    fs::write(&trusted, certificate).unwrap();
    let at = [("host", "localhost"), ("hostaddr", "127.0.0.1")];
    run(async {
        for changes in [
            &[("sslmode", "prefer")][..],
            &[("sslmode", "verify-full"), ("sslrootcert", text(&trusted))],
        ] {
            let all: Vec<_> = at.iter().chain(changes).copied().collect();
            assert_eq!(outcome(&server, &all).await, Outcome::Encrypted, "{changes:?}");
        }
    });
    server.sql("ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'");
    server.restart();
    run(async {
        let older = [at[0], at[1], ("sslmode", "prefer")];
        assert_eq!(outcome(&server, &older).await, Outcome::Encrypted);
    });
}

/// TLS 1.3 only, TLS 1.2 only, and both with SCRAM bound to the channel.
#[test]
fn both_tls_versions_work() {
    let mut server = start(Major::default(), Tls::On);
    let ca = server.tls().ca.clone();
    for version in ["TLSv1.2", "TLSv1.3"] {
        server.sql(&format!("ALTER SYSTEM SET ssl_min_protocol_version = '{version}'"));
        server.sql(&format!("ALTER SYSTEM SET ssl_max_protocol_version = '{version}'"));
        server.restart();
        run(async {
            let changes = [("sslmode", "verify-full"), ("sslrootcert", text(&ca))];
            let mut client = connect(&server, &changes).await.unwrap();
            let sql = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            assert_eq!(crate::value(&mut client, sql).await, version);
        });
    }
}
