//! Several servers in one connection string: which of them is connected to.

use std::net::TcpListener;

use tokio::net::TcpSocket;
use walscope::{Client, Config, ConnectionKind, Error};
use walscope_tests::{Major, PASSWORD, Server, ServerOptions, Tls};

use crate::{run, start};

/// Connects to servers on these ports, in their order; returns the port of the one that it is.
async fn connect(ports: &[u16], more: &str) -> Result<u16, Error> {
    let hosts = vec!["127.0.0.1"; ports.len()].join(",");
    let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let config = Config::parse(&format!(
        "host={hosts} port={ports} user=scram_user dbname=postgres password={PASSWORD} {more}"
    ))?;
    let mut client = Client::connect(&config, ConnectionKind::Replication).await?;
    let answers = client.simple_query("SHOW port").await?;
    client.close().await;
    Ok(answers[0].rows[0][0].as_deref().unwrap().parse().unwrap())
}

async fn problem(ports: &[u16], more: &str) -> (String, String) {
    let error = connect(ports, more).await.unwrap_err();
    (error.code().to_owned(), error.to_string())
}

/// A port that nobody else gets, and where nobody listens.
fn dead() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[test]
fn the_first_that_answers_is_taken() {
    let server = start(Major::default(), Tls::Off);
    let alive = server.port();
    let (_held, dead) = dead();
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|at| (silent, at.port())).unwrap();
    run(async {
        assert_eq!(connect(&[dead, alive], "").await.unwrap(), alive);
        assert_eq!(connect(&[alive, dead], "").await.unwrap(), alive);
        assert_eq!(connect(&[dead, alive], "load_balance_hosts=random").await.unwrap(), alive);
        // The silent one has its half of the time, and no more.
        assert_eq!(connect(&[silent.1, alive], "connect_timeout=4").await.unwrap(), alive);
        let (code, text) = problem(&[dead, silent.1], "connect_timeout=2").await;
        assert_eq!(code, "WALSCOPE_NO_SERVER");
        let refused = format!("none of the servers will do: cannot connect to 127.0.0.1:{dead}: ");
        assert!(text.starts_with(&refused), "{text}");
        assert!(text.contains(&format!("; no connection to 127.0.0.1:{} within ", silent.1)));
        // Another server would not know the password better.
        let (code, _) = problem(&[alive, dead], "password=wrong").await;
        assert_eq!(code, "28P01");
    });
}

/// Red without `target.refusal` in `server_choice::connect_to`: whoever answers is taken.
#[test]
fn servers_are_asked_what_they_are() {
    for major in Major::ALL {
        let options = || ServerOptions { major, ..ServerOptions::default() };
        let mut primary = Server::start(options());
        primary.sql("SELECT pg_create_physical_replication_slot('standby', true)");
        let standby = primary.standby("standby", options());
        let both = [primary.port(), standby.port()];
        let turned = [both[1], both[0]];
        run(async {
            for (target, ports, expected) in [
                ("any", both, 0),
                ("any", turned, 1),
                ("primary", turned, 0),
                ("read-write", turned, 0),
                ("standby", both, 1),
                ("read-only", both, 1),
                ("prefer-standby", both, 1),
            ] {
                let found = connect(&ports, &format!("target_session_attrs={target}")).await;
                assert_eq!(found.unwrap(), both[expected], "{target} on PostgreSQL {major}");
            }
            let alone = [both[0]];
            let found = connect(&alone, "target_session_attrs=prefer-standby").await;
            assert_eq!(found.unwrap(), both[0], "PostgreSQL {major}");
            let (code, text) = problem(&alone, "target_session_attrs=standby").await;
            assert_eq!(code, "WALSCOPE_ROLE");
            let expected =
                format!("127.0.0.1:{} is no standby, but target_session_attrs=standby", both[0]);
            assert_eq!(text, expected);
        });
    }
}
