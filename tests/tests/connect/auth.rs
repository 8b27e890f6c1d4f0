//! Every way to log in, with the right password, a wrong one and none.

use walscope::{Config, ConnectionKind, Error};
use walscope_tests::{Major, Server, Tls};

use crate::{code, code_and_hint, connect, replicate, run, start, value};

const USERS: [&str; 4] = ["trust_user", "password_user", "md5_user", "scram_user"];

#[test]
fn every_method_works_on_every_major_with_and_without_tls() {
    for major in Major::ALL {
        let server = start(major, Tls::On);
        run(async {
            for user in USERS {
                for sslmode in ["disable", "require"] {
                    let changes = [("user", user), ("sslmode", sslmode)];
                    let mut client = connect(&server, &changes).await.unwrap();
                    assert_eq!(value(&mut client, "SELECT current_user").await, user);
                    assert_eq!(client.is_encrypted(), sslmode == "require");
                    assert_eq!(client.server_major(), major.number());
                    client.close().await;
                    replicate(&server, &changes).await.unwrap().close().await;
                }
            }
        });
    }
}

#[test]
fn channel_binding_can_be_demanded() {
    for major in Major::ALL {
        let server = start(major, Tls::On);
        run(async {
            for (user, sslmode, is_bound) in [
                ("scram_user", "require", true),
                ("scram_user", "disable", false),
                ("md5_user", "require", false),
                ("password_user", "require", false),
                ("trust_user", "require", false),
            ] {
                let changes =
                    [("user", user), ("sslmode", sslmode), ("channel_binding", "require")];
                match connect(&server, &changes).await {
                    Ok(client) if is_bound => client.close().await,
                    Err(Error::Auth { problem, .. }) if !is_bound => {
                        assert!(problem.contains("channel_binding"), "{user}: {problem}");
                    }
                    other => panic!("{user} {sslmode}: {other:?}"),
                }
            }
        });
    }
}

#[test]
fn a_wrong_password_is_refused_with_a_hint() {
    let server = start(Major::default(), Tls::On);
    run(async {
        for user in &USERS[1..] {
            for sslmode in ["disable", "require"] {
                let changes = [("user", *user), ("password", "wrong"), ("sslmode", sslmode)];
                let (code, hint) = code_and_hint(connect(&server, &changes).await);
                assert_eq!(code, "28P01", "{user}");
                assert!(hint.contains("PGPASSWORD"), "{hint}");
            }
        }
    });
}

#[test]
fn a_missing_password_is_said_to_be_missing() {
    let server = start(Major::default(), Tls::Off);
    run(async {
        for user in &USERS[1..] {
            // Not by conninfo, which would take PGPASSWORD from the test's environment.
            let config =
                Config::new().with_host("127.0.0.1").with_port(server.port()).with_user(*user);
            let config = config.with_dbname("postgres");
            let error = walscope::Client::connect(&config, ConnectionKind::Sql).await.unwrap_err();
            assert!(matches!(error, Error::Auth { .. }), "{error}");
            assert!(error.to_string().contains("asks for a password"), "{error}");
            assert!(error.hint().unwrap().contains("PGPASSWORD"));
        }
    });
}

/// Passwords that need normalising (RFC 4013), and one that is no text of that kind at all.
#[test]
fn odd_passwords_are_the_same_for_client_and_server() {
    let server = start(Major::default(), Tls::Off);
    for (number, password) in ["Ⅸ\u{ad} it's \\ \"", "パスワード", "\u{1}\u{7f}"].iter().enumerate()
    {
        let (user, literal) = (format!("odd{number}"), password.replace('\'', "''"));
        server.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{literal}'"));
        run(async {
            let changes = [("user", user.as_str()), ("password", password)];
            connect(&server, &changes).await.unwrap();
        });
    }
}

/// The URI form needs other escapes than the keyword form.
#[test]
fn a_uri_connects_too() {
    let server = start(Major::default(), Tls::Off);
    server.sql("CREATE ROLE \"o@d/d:u?\" LOGIN PASSWORD 'p@s/s:w?%'");
    let port = server.port();
    run(async {
        for uri in [
            server.url(),
            format!("postgres://o%40d%2Fd%3Au%3F:p%40s%2Fs%3Aw%3F%25@127.0.0.1:{port}/postgres"),
            format!("postgresql:///postgres?host=127.0.0.1&port={port}&user=trust_user"),
        ] {
            let config: Config = uri.parse().unwrap();
            let mut client = walscope::Client::connect(&config, ConnectionKind::Sql).await.unwrap();
            assert_eq!(
                Some(value(&mut client, "SELECT current_user").await.as_str()),
                config.user()
            );
        }
    });
}

/// The server logs in whom it knows; a role without LOGIN or of no existence is 28000.
#[test]
fn roles_that_may_not_log_in_are_refused_with_a_hint() {
    let server = start(Major::default(), Tls::Off);
    server.sql("CREATE ROLE trust_nobody; ALTER ROLE trust_user NOLOGIN");
    run(async {
        let (code, hint) = code_and_hint(connect(&server, &[("user", "trust_user")]).await);
        assert_eq!(code, "28000");
        assert!(hint.contains("LOGIN"), "{hint}");
    });
}

/// `prefer` and `allow` try twice; the answer must be the one that counts.
#[test]
fn the_second_try_is_for_refusals_only() {
    let hba = ["hostssl all tls_only all trust", "hostnossl all plain_only all trust"];
    let reject = ["host all tls_only,plain_only all reject"];
    let options = walscope_tests::ServerOptions {
        hba: hba.iter().chain(&reject).map(ToString::to_string).collect(),
        tls: Tls::On,
        ..Default::default()
    };
    let server = Server::start(options);
    server.sql("CREATE ROLE tls_only LOGIN; CREATE ROLE plain_only LOGIN");
    run(async {
        for (user, sslmode, encrypted) in [
            ("tls_only", "disable", None),
            ("tls_only", "allow", Some(true)),
            ("tls_only", "prefer", Some(true)),
            ("tls_only", "require", Some(true)),
            ("plain_only", "disable", Some(false)),
            ("plain_only", "allow", Some(false)),
            ("plain_only", "prefer", Some(false)),
            ("plain_only", "require", None),
        ] {
            let connected = connect(&server, &[("user", user), ("sslmode", sslmode)]).await;
            let found = connected.as_ref().ok().map(walscope::Client::is_encrypted);
            assert_eq!(found, encrypted, "{user} {sslmode}: {connected:?}");
            if encrypted.is_none() {
                assert_eq!(code(connected), "28000");
            }
        }
        let before = server.log().matches("password authentication failed").count();
        let changes = [("password", "wrong"), ("sslmode", "prefer")];
        assert_eq!(code(connect(&server, &changes).await), "28P01");
        let after = server.log().matches("password authentication failed").count();
        assert_eq!(after - before, 1, "a wrong password was sent again without TLS");
    });
}
