//! Faults, done to real servers, and what comes of them: `table.md` is read and compared with.

mod consumer;
mod network;
mod scene;
mod server;
mod slot;
mod table;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use walscope_tests::{Major, Tls};

use scene::{Outcome, Scene};
use table::Row;

/// How many are done at once. Most of their time they wait.
const AT_ONCE: usize = 4;
/// The servers that `all` means.
const SERVERS: [Major; 2] = [Major::V14, Major::V18];

/// A fault of the table.
struct Fault {
    name: &'static str,
    /// Settings of the server.
    settings: &'static [(&'static str, &'static str)],
    run: fn(&mut Scene) -> Outcome,
}

/// All of them.
fn faults() -> impl Iterator<Item = &'static Fault> {
    [slot::FAULTS, server::FAULTS, network::FAULTS, consumer::FAULTS].into_iter().flatten()
}

/// That over TLS.
const SERVER_WITH_TLS: Major = Major::V18;

/// Each safety of walscope that a fault is there for was taken away once, to see the fault's row
/// differ: the function of the fault names it.
#[test]
fn what_comes_of_a_fault_is_what_the_table_says() {
    compare(&SERVERS, Tls::Off);
}

/// The same rows. Over TLS a piece of the network is no piece of the stream: what is read holds part
/// of a record, and a connection that is cut ends without TLS's own goodbye. Red without `UnexpectedEof`
/// in `driver::is_end`: a server that is stopped is told to be a broken TLS.
#[test]
fn over_tls_it_is_the_same() {
    compare(&[SERVER_WITH_TLS], Tls::On);
}

fn compare(servers: &[Major], tls: Tls) {
    let rows = table::read();
    let named: BTreeSet<_> = rows.iter().map(|row| row.fault.as_str()).collect();
    let known: BTreeSet<_> = faults().map(|fault| fault.name).collect();
    assert_eq!(named, known, "the table's faults, and those that can be done");
    // Words of faults, to do only these.
    let only = std::env::var("WALSCOPE_FAULT").unwrap_or_default();
    let is_wanted = |row: &&Row| only.split(',').any(|words| row.fault.contains(words));
    let cases = rows.iter().filter(is_wanted).flat_map(|row| {
        let majors = servers.iter().copied().filter(|major| row.is_for(*major));
        majors.map(move |major| (row, major))
    });
    let (cases, wrong) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((row, major)) = cases.lock().expect("no panic").next() else { return };
                    if let Err(problem) = case(row, major, tls) {
                        wrong.lock().expect("no panic").push(problem);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn case(row: &Row, major: Major, tls: Tls) -> Result<(), String> {
    let fault = faults().find(|fault| fault.name == row.fault).expect("a fault");
    let name = format!("PostgreSQL {major}: {}", row.fault);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut scene = Scene::start(major, fault.settings, tls);
        let outcome = (fault.run)(&mut scene);
        scene.check_confirmed();
        outcome
    }));
    let outcome = outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("{name}: {}", text.unwrap_or("it panics"))
    })?;
    println!("{name}: {outcome:?}");
    row.compare(&outcome).map_err(|problem| format!("{name}: {problem}\n  {outcome:?}"))
}
