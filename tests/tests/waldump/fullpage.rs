//! Page images as files, of which `pg_walinspect` knows what they hold.

use std::collections::BTreeMap;
use std::fs;

use walscope_tests::{Major, Server, ServerOptions};

use super::{ours, run};

#[test]
fn saved_pages_are_those_of_pg_walinspect() {
    for (major, compression) in [(Major::V16, "pglz"), (Major::V18, "off")] {
        let settings = vec![("wal_compression".to_owned(), compression.to_owned())];
        let server = Server::start(ServerOptions { major, settings, ..Default::default() });
        server.sql("CREATE EXTENSION pg_walinspect");
        server.sql("CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i");
        server.sql("CHECKPOINT");
        let start = server.value("SELECT pg_current_wal_insert_lsn()");
        server.sql("UPDATE t SET i = i + 1");
        server.sql("VACUUM t");
        server.sql("CREATE INDEX ON t (i)");
        let end = server.value("SELECT pg_current_wal_flush_lsn()");
        let rows = server.sql(&format!(
            "SELECT start_lsn, format('%s.%s.%s.%s_%s', reltablespace, reldatabase, relfilenode, \
             relblocknumber, (ARRAY['main', 'fsm', 'vm', 'init'])[relforknumber + 1]), \
             encode(block_fpi_data, 'hex') \
             FROM pg_get_wal_block_info('{start}', '{end}') WHERE block_fpi_data IS NOT NULL"
        ));
        let expected: BTreeMap<_, _> = rows.into_iter().map(|row| named(&row)).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let images = folder.path().join("deep/images");
        let save = format!("--save-fullpage={}", images.display());
        let wal = server.data_dir().join("pg_wal");
        let arguments = ["-q", &save, "-s", &start, "-e", &end];
        let answer = run(ours(), &wal, "UTC", arguments);
        assert_eq!((answer.out.as_str(), answer.errors.as_str(), answer.code), ("", "", Some(0)));
        let mut saved = BTreeMap::new();
        for entry in fs::read_dir(&images).expect("the images") {
            let path = entry.expect("an image").path();
            let page = fs::read(&path).expect("an image");
            let hex: String = page.iter().map(|byte| format!("{byte:02x}")).collect();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
            saved.insert(name.to_owned(), hex);
        }
        assert!(saved.len() > 50, "{}", saved.len());
        assert_eq!(saved.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        assert!(saved == expected, "{major}: an image differs");
        // A directory with something in it is left alone.
        let again = run(ours(), &wal, "UTC", arguments);
        let text = format!("directory \"{}\" exists but is not empty\n", images.display());
        assert_eq!((again.errors, again.code), (format!("pg_waldump: error: {text}"), Some(1)));
    }
}

/// The name that `pg_waldump` gives an image's file, and the image.
fn named(row: &[Option<String>]) -> (String, String) {
    let [Some(lsn), Some(place), Some(page)] = row else { panic!("{row:?}") };
    let half = |text: &str| u32::from_str_radix(text, 16).expect("a number");
    let (high, low) = lsn.split_once('/').expect("an LSN");
    (format!("00000001-{:08X}-{:08X}.{place}", half(high), half(low)), page.clone())
}
