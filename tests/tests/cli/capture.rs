//! Captures: what was streamed can be decoded again.

use std::fs;

use walscope_tests::Server;
use walscope_tests::program::{self, Program};

use super::{is_commit, stream};

#[test]
fn a_capture_decodes_to_the_lines_that_were_printed() {
    let server = Server::any();
    let folder = std::env::temp_dir().join(format!("walscope-capture-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("a.walcap");
    let file = file.to_str().expect("a path in UTF-8");
    server.sql("CREATE TABLE capture_t (id int PRIMARY KEY, v text); CREATE PUBLICATION capture_p FOR TABLE capture_t");
    let more = ["--create-slot", "--temporary", "--capture", file];
    let mut walscope = Program::start(stream(&server, "capture_s", "capture_p", &more));
    walscope.error_line();
    server.sql("INSERT INTO capture_t SELECT n, 'row ' || n FROM generate_series(1, 5000) n");
    let mut printed = walscope.lines_until(is_commit);
    server.sql("UPDATE capture_t SET v = 'é' WHERE id < 10");
    printed.extend(walscope.lines_until(is_commit));
    walscope.signal(rustix::process::Signal::INT);
    let (status, rest, errors) = walscope.wait();
    assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");

    let decoded = program::run(["decode", file]);
    assert!(decoded.status.success(), "{decoded:?}");
    let text = String::from_utf8(decoded.stdout).expect("UTF-8");
    assert!(text.lines().eq(&printed), "the capture decodes to other lines");
    let bytes = fs::read(file).expect("the capture");
    let (password, found) = (walscope_tests::PASSWORD.as_bytes(), |window: &[u8]| {
        bytes.windows(window.len()).any(|part| part == window)
    });
    assert!(!found(password), "the password is in the capture");

    // Cut in the middle of a frame: whole frames come out first.
    let cut = format!("{file}.cut");
    fs::write(&cut, &bytes[..bytes.len() / 2]).expect("a file");
    let decoded = program::run(["decode", &cut]);
    let text = String::from_utf8(decoded.stdout).expect("UTF-8");
    assert_eq!(decoded.status.code(), Some(1));
    assert!(
        text.lines().count() > 1000
            && printed.iter().map(String::as_str).zip(text.lines()).all(|(a, b)| a == b)
    );
    let error = String::from_utf8(decoded.stderr).expect("UTF-8");
    assert!(error.contains("is cut inside the frame that begins at byte"), "{error}");

    // Two captures one after the other, and one without its head.
    let twice = format!("{file}.twice");
    fs::write(&twice, [bytes.clone(), bytes.clone()].concat()).expect("a file");
    let text = String::from_utf8(program::run(["decode", &twice]).stdout).expect("UTF-8");
    assert_eq!(text.lines().count(), 2 * printed.len());
    let head = u32::from_be_bytes(bytes[1..5].try_into().expect("a length")) as usize + 1;
    let headless = format!("{file}.headless");
    fs::write(&headless, &bytes[head..]).expect("a file");
    let decoded = program::run(["decode", &headless]);
    let text = String::from_utf8(decoded.stdout).expect("UTF-8");
    assert!(decoded.status.success() && text.lines().eq(&printed));
    fs::remove_dir_all(&folder).expect("it is ours");
}
