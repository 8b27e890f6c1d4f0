//! Ctrl-C ends reading in order: what was counted so far is printed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::cli::runtime;

/// Says whether it is time to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Catches the signal. Where that cannot be, it ends the process as it always does.
    pub(super) fn catch() -> Self {
        let interrupt = Self::default();
        let flag = interrupt.0.clone();
        if let Ok(runtime) = runtime() {
            thread::spawn(move || {
                if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                    flag.store(true, Ordering::Relaxed);
                }
            });
        }
        interrupt
    }

    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
