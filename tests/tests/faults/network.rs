//! Faults of the network.

use std::time::Duration;

use walscope_tests::proxy::Network;

use crate::Fault;
use crate::scene::{Outcome, Scene};

const IMPATIENT: &[(&str, &str)] = &[("wal_sender_timeout", "3s")];

pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "network stalls for a while", settings: &[], run: stalls },
    Fault { name: "network stalls for ever", settings: IMPATIENT, run: stalls_for_ever },
    Fault { name: "network delays", settings: IMPATIENT, run: delays },
    Fault { name: "network splits into single bytes", settings: IMPATIENT, run: splits },
    Fault { name: "network breaks inside a row", settings: &[], run: breaks },
];

/// Silence is normal. Red with half a second for `stall_timeout` and `REPLY_TIMEOUT` in `Session::poll`:
/// the connection is given up.
fn stalls(scene: &mut Scene) -> Outcome {
    scene.proxy.set(Network { stalled: true, ..Network::default() });
    scene.insert(20);
    std::thread::sleep(Duration::from_secs(3));
    scene.proxy.set(Network::default());
    scene.goes_on()
}

/// Red without `Action::Dead` in `Session::poll`: the consumer waits for ever.
fn stalls_for_ever(scene: &mut Scene) -> Outcome {
    scene.kill_consumer();
    scene.stream(&["--stall-timeout", "1"]);
    scene.insert(3);
    scene.read_all();
    scene.proxy.set(Network { stalled: true, ..Network::default() });
    scene.insert(3);
    scene.wait_until_said("does not answer");
    scene.proxy.set(Network::default());
    scene.goes_on()
}

/// Slower than the server's patience, were it not for feedback. Red without `reply_due` in
/// `Session::received` and with an hour for `status_interval` in `Session::new`: it is thrown out.
fn delays(scene: &mut Scene) -> Outcome {
    scene.proxy.set(Network { delay: Duration::from_millis(40), piece: 64, ..Network::default() });
    scene.insert(40);
    scene.goes_on()
}

/// Red with `state.buffer.len()` for `state.whole` at `NeedMore` in `driver::take_frames`: part of a
/// message is taken for a whole one.
fn splits(scene: &mut Scene) -> Outcome {
    scene.proxy.set(Network { piece: 1, ..Network::default() });
    scene.insert(20);
    scene.insert_at_once(200, 100);
    scene.goes_on()
}

/// Each time a little further, each time inside the same transaction. Red without
/// `Delivery::pass_over`.
fn breaks(scene: &mut Scene) -> Outcome {
    scene.proxy.break_after([9_999, 50_001, 90_001]);
    scene.insert_at_once(1000, 100);
    let outcome = scene.goes_on();
    let breaks = outcome.said.iter().filter(|line| line.contains("Trying again")).count();
    assert_eq!(breaks, 3, "{:?}", outcome.said);
    outcome
}
