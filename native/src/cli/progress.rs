//! The line on a terminal that says how a stream is, while its data goes elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::size::size;
use crate::{StreamControl, StreamStatus};

const INTERVAL: Duration = Duration::from_secs(1);
/// Back to the line's beginning, and erase it.
const ERASE: &str = "\r\x1b[K";

/// The line is on the terminal.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows the line from now on, if standard error is a terminal that data does not go to.
pub(super) fn show(control: StreamControl) {
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return;
    }
    tokio::spawn(async move {
        let mut tick = interval(INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = (Instant::now(), control.status());
        loop {
            tick.tick().await;
            let now = (Instant::now(), control.status());
            let seconds = (now.0 - before.0).as_secs_f64();
            write(&line(&before.1, &now.1, seconds));
            before = now;
        }
    });
}

/// Makes room for something else on the terminal.
pub(super) fn clear() {
    if SHOWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr(), "{ERASE}");
    }
}

fn write(line: &str) {
    SHOWN.store(true, Ordering::Relaxed);
    let _ = write!(io::stderr(), "{ERASE}{line}");
    let _ = io::stderr().flush();
}

fn line(before: &StreamStatus, now: &StreamStatus, seconds: f64) -> String {
    let rate = now.changes.saturating_sub(before.changes) as f64 / seconds.max(f64::EPSILON);
    let mut line = format!(
        "{} changes, {rate:.0}/s; confirmed {}, {} behind ({:.1} s)",
        now.changes,
        now.flushed,
        size(now.lag_bytes),
        now.lag.as_secs_f64(),
    );
    if now.spilled > 0 {
        line += &format!("; {} in files", size(now.spilled));
    }
    if now.reconnects > 0 {
        line += &format!("; {} reconnects", now.reconnects);
    }
    if !now.connected {
        line += "; no connection";
    }
    line
}
