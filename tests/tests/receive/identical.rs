//! What is received is the server's own log, byte by byte.

use walscope_tests::Major;
use walscope_tests::receiving::{Archive, end, fill, last_whole, server, streaming};

#[test]
fn segments_are_the_servers_own_in_every_compression() {
    for major in [Major::V14, Major::V18] {
        let server = server(major, &[]);
        let ways: [(&str, &[&str], &str); 5] = [
            ("socket", &["--verify"], ""),
            ("plain", &["--verify"], ""),
            ("gzip", &["-Z", "gzip:1", "--no-sync"], ".gz"),
            ("lz4", &["-Z", "lz4", "--synchronous"], ".lz4"),
            ("zstd", &["-Z", "zstd:level=1"], ".zst"),
        ];
        let mut receivers = Vec::new();
        for (name, more, suffix) in ways {
            server.sql(&format!("SELECT pg_create_physical_replication_slot('{name}', true)"));
            let archive = Archive::new(&server, name);
            let slot = ["-S", name];
            let arguments: Vec<_> = slot.iter().chain(more).copied().collect();
            let folder = server.folder().display().to_string();
            let conninfo = match name {
                "socket" => server.conninfo_with(&[("host", &folder)]),
                _ => server.conninfo(),
            };
            receivers.push((archive.receive(&conninfo, &arguments), archive, suffix));
        }
        streaming(&server, receivers.len());
        fill(&server);
        let last = last_whole(&server);
        for (mut receiver, archive, suffix) in receivers {
            archive.wait_for(&last, &mut receiver);
            end(receiver);
            let whole = archive.check_against(&server);
            assert!(!whole.is_empty(), "PostgreSQL {major}: {:?}", archive.files());
            assert!(archive.files().contains(&format!("{last}{suffix}")), "{:?}", archive.files());
        }
    }
}
