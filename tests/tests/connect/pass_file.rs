//! Passwords out of a file, for servers that ask for one.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use walscope::{Client, Config, ConnectionKind};
use walscope_tests::{Major, PASSWORD, Server, Tls};

use crate::{run, start};

/// Connects as that user, with a file of that line and mode; the error's text and hint.
async fn connect(
    server: &Server,
    kind: ConnectionKind,
    (user, line, mode): (&str, &str, u32),
) -> Result<(), String> {
    let file = server.folder().join("passwords");
    fs::write(&file, format!("# a remark\n{line}\n")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    let config = Config::new().with_host("127.0.0.1").with_port(server.port());
    let config = config.with_user(user).with_dbname("postgres").with_passfile(file);
    let connected = Client::connect(&config, kind).await;
    let client =
        connected.map_err(|error| format!("{error}: {}", error.hint().unwrap_or_default()))?;
    client.close().await;
    Ok(())
}

#[test]
fn a_password_file_has_the_password() {
    use ConnectionKind::{Physical, Replication, Sql};
    let server = start(Major::default(), Tls::Off);
    let port = server.port();
    let database = format!("127.0.0.1:{port}:postgres:scram_user:{PASSWORD}");
    let standby = format!("*:*:replication:*:{PASSWORD}");
    let any = format!("*:*:*:*:{PASSWORD}");
    run(async {
        for (kind, user, line) in [
            (Sql, "scram_user", &database),
            (Replication, "scram_user", &database),
            (Physical, "scram_user", &standby),
            (Sql, "md5_user", &any),
            (Physical, "password_user", &any),
        ] {
            connect(&server, kind, (user, line, 0o600)).await.unwrap();
        }
        for (kind, user, line, mode, problem) in [
            (Physical, "scram_user", &database, 0o600, "has none for this server"),
            (Sql, "scram_user", &standby, 0o600, "has none for this server"),
            (Sql, "scram_user", &any, 0o640, "chmod 0600"),
            (Sql, "scram_user", &"*:*:*:*:wrong".into(), 0o600, "password authentication failed"),
        ] {
            let error = connect(&server, kind, (user, line, mode)).await.unwrap_err();
            assert!(error.contains(problem), "{error}");
            assert!(!error.contains(PASSWORD), "{error}");
        }
    });
}
