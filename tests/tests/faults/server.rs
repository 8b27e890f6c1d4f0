//! Faults of the server and of who may connect to it.

use rustix::process::{Pid, Signal, kill_process};

use crate::Fault;
use crate::scene::{Outcome, Scene};

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "server restarted", settings: &[], run: restarted },
    Fault { name: "server killed", settings: &[], run: killed },
    Fault { name: "server shutting down", settings: &[], run: shutting_down },
    Fault { name: "pg_terminate_backend", settings: &[], run: terminated },
    Fault { name: "password changed", settings: &[], run: password_changed },
];

/// The stream is ended in order. Rows that came and are not confirmed are not shown again. Red
/// without `Closed` in `Error::class`, and, for rows again, without `repeat_until` in
/// `Delivery::resume`.
fn restarted(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    scene.server.restart();
    scene.insert(3);
    scene.goes_on()
}

/// The connection ends without a word; the next ones find a server that is not there, or not ready.
/// Red without `Closed` in `Error::class`.
fn killed(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    scene.server.kill();
    scene.server.restart();
    scene.insert(3);
    scene.goes_on()
}

/// It takes no connections any more, and waits for those that it has, the test's own among them. Red
/// without 57P03 in `ServerError::class`.
fn shutting_down(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    let pid = scene.server.pid().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
    kill_process(pid.expect("a server"), Signal::TERM).expect("it runs");
    scene.proxy.cut();
    // More often than an error is tried again of which nothing is known.
    for _ in 0..6 {
        scene.wait_until_said("the database system is shutting down");
    }
    scene.server.restart();
    scene.insert(3);
    scene.goes_on()
}

/// Red with 57P01 among those that are final in `ServerError::class`.
fn terminated(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    scene.server.sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots");
    scene.insert(3);
    scene.goes_on()
}

/// Trying again and again would lock the account somewhere. Red with 28* as `Retry` in
/// `ServerError::class`.
fn password_changed(scene: &mut Scene) -> Outcome {
    scene.insert(3);
    scene.read_all();
    scene.confirm_all();
    let change = |password| format!("ALTER ROLE scram_user PASSWORD '{password}'");
    scene.server.sql(&change("another"));
    scene.insert(3);
    scene.read_all();
    scene.confirm_all();
    scene.proxy.cut();
    scene.insert(3);
    let outcome = scene.ends();
    scene.server.sql(&change(walscope_tests::PASSWORD));
    scene.next_time(outcome)
}
