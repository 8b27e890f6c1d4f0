//! LSNs that the reader of our output is done with, from standard input.

use std::io::{self, BufRead};

use tokio::sync::mpsc;

/// How many lines may wait. Whoever writes faster waits.
const QUEUE: usize = 64;

/// Reads lines from standard input in a thread of its own, for a terminal or pipe cannot be waited
/// for otherwise. The end of the input ends the receiver.
pub(super) fn read() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
