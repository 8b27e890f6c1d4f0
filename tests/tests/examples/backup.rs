//! The example that takes a base backup.

use std::process::Command;

use walscope_tests::program::example;
use walscope_tests::{Major, Server, ServerOptions};

#[test]
fn base_backup_makes_a_directory_that_a_server_starts_on() {
    for major in [Major::V14, Major::V18] {
        let options = || ServerOptions { major, ..Default::default() };
        let server = Server::start(options());
        server.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n");
        let conninfo = server.conninfo_with(&[("user", "trust_user")]);
        let restored = Server::start_made(options(), |data| {
            let run = || Command::new(example("base_backup")).arg(&conninfo).arg(data).output();
            let output = run().expect("it starts");
            let (said, shown) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{shown}");
            assert!(said.starts_with("from 0/") && said.ends_with(" on timeline 1\n"), "{said}");
            assert!(shown.contains("% of "), "{shown}");
            assert!(data.join("backup_manifest").is_file());
            assert!(!run().expect("it starts").status.success(), "the directory is there");
            assert!(data.join("backup_manifest").is_file(), "and stays");
        });
        assert_eq!(restored.value("SELECT sum(n)::text FROM t"), "500500");
    }
}
