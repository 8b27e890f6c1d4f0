//! When to try again after a connection broke, and how long to wait before that.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::error::{Error, ErrorClass};

/// Errors of which nothing is known are believed when they have come so often in a row.
const UNKNOWN_TRIES: u32 = 5;
/// A connection that lasts so long was made for good.
const LASTING: Duration = Duration::from_secs(30);

/// How a stream comes back after its connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The wait before the first try; it doubles from try to try. Each wait is shortened by up to a
    /// half at random, so that many clients do not come back at once.
    pub first_delay: Duration,
    /// No wait is longer.
    pub longest_delay: Duration,
    /// After so long without a connection the last error ends the stream; `None`: never.
    pub give_up_after: Option<Duration>,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(30),
            give_up_after: None,
        }
    }
}

/// The tries since the last connection that was of use.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    count: u32,
    unknown: u32,
}

impl Tries {
    /// A connection has ended. One that brought an item has got past what ended the ones before it, and
    /// one that lasted was not the server's trouble to take us: the next wait is a short one again.
    /// Lasting alone says nothing of an error that is not understood: it may come wherever it came
    /// before.
    pub(crate) fn connection_ended(&mut self, brought: bool, lasted: Duration) {
        if brought {
            *self = Self::default();
        } else if lasted >= LASTING {
            self.count = 0;
        }
    }

    /// How many there were.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// How long to wait before the next try after that error; `None`: it is final. `without` is the
    /// time since the connection broke.
    pub(crate) fn next(
        &mut self,
        policy: &Reconnect,
        error: &Error,
        without: Duration,
    ) -> Option<Duration> {
        match error.class() {
            ErrorClass::Final => return None,
            ErrorClass::Retry => {}
            ErrorClass::Unknown => self.unknown += 1,
        }
        let given_up = policy.give_up_after.is_some_and(|after| without >= after);
        if self.unknown >= UNKNOWN_TRIES || given_up {
            return None;
        }
        let doubled = policy.first_delay.saturating_mul(1 << self.count.min(20));
        self.count = self.count.saturating_add(1);
        Some(shortened(doubled.min(policy.longest_delay)))
    }
}

/// Between a half of it and all of it.
fn shortened(delay: Duration) -> Duration {
    // Each state has keys of its own, which the standard library draws at random.
    let random = RandomState::new().build_hasher().finish();
    let half = delay / 2;
    half + half.mul_f64(random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_error::ServerError;

    fn server(code: &str) -> Error {
        ServerError { code: code.into(), ..ServerError::default() }.into()
    }

    #[test]
    fn waits_grow_up_to_the_longest() {
        let policy = Reconnect::default();
        let mut tries = Tries::default();
        let mut longest = Duration::ZERO;
        for count in 0..40 {
            let wait = tries.next(&policy, &Error::Closed, Duration::ZERO).expect("another try");
            let whole = policy.first_delay.saturating_mul(1 << count.min(10));
            let whole = whole.min(policy.longest_delay);
            assert!(wait >= whole / 2 && wait <= whole, "{count}: {wait:?}");
            longest = longest.max(wait);
        }
        assert!(longest > policy.longest_delay / 2);
    }

    #[test]
    fn errors_are_tried_again_by_their_class() {
        let policy = Reconnect::default();
        let tries_of = |error: Error| {
            let mut tries = Tries::default();
            (0..100).take_while(|_| tries.next(&policy, &error, Duration::ZERO).is_some()).count()
        };
        assert_eq!(tries_of(server("57P01")), 100);
        assert_eq!(tries_of(server("28P01")), 0);
        assert_eq!(tries_of(server("40001")), 4);
        let mut tries = Tries::default();
        for _ in 0..UNKNOWN_TRIES - 1 {
            assert!(tries.next(&policy, &server("XX000"), Duration::ZERO).is_some());
            tries.connection_ended(false, LASTING);
            // The server was not there in between.
            assert!(tries.next(&policy, &Error::Closed, Duration::ZERO).is_some());
        }
        assert!(tries.next(&policy, &server("XX000"), Duration::ZERO).is_none());
        tries.connection_ended(true, Duration::ZERO);
        assert_eq!(tries.count(), 0);
        assert!(tries.next(&policy, &server("XX000"), Duration::ZERO).is_some());
        let late = Reconnect { give_up_after: Some(Duration::from_secs(1)), ..policy };
        assert!(Tries::default().next(&late, &Error::Closed, Duration::from_secs(2)).is_none());
    }
}
