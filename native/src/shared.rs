//! What a task that owns a socket shares with the consumer of its stream.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Instant;

use tokio::sync::Notify;
use walscope_core::session::Micros;

/// How far the closing of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// It streams.
    No,
    /// The consumer wants it to end.
    Wanted,
    /// The last status and our goodbye are on their way.
    Said,
}

/// A state that knows whether its stream is closed.
pub(crate) trait Closes {
    fn closing(&self) -> Closing;
}

/// A state that both look at.
pub(crate) struct Shared<S> {
    state: Mutex<S>,
    /// Something came that a consumer may wait for.
    pub(crate) news: Notify,
    started: Instant,
}

impl<S> Shared<S> {
    pub(crate) fn of(state: S, started: Instant) -> Self {
        Self { state: Mutex::new(state), news: Notify::new(), started }
    }

    /// Nothing that holds the lock can panic half way: a poisoned state is a whole one.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `look` finds something in the state.
    pub(crate) async fn wait<T>(&self, mut look: impl FnMut(&mut S) -> Option<T>) -> T {
        loop {
            let mut news = pin!(self.news.notified());
            // From here on no news is missed, so that looking before waiting is enough.
            news.as_mut().enable();
            if let Some(found) = look(&mut self.lock()) {
                return found;
            }
            news.await;
        }
    }

    /// The stream's clock.
    pub(crate) fn now(&self) -> Micros {
        Micros::try_from(self.started.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }
}

impl<S: Closes> Shared<S> {
    /// What the future gives, unless the stream is closed before.
    pub(crate) async fn until_closed<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let closed = self.wait(|state| (state.closing() != Closing::No).then_some(()));
        let (mut future, mut closed) = (pin!(future), pin!(closed));
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
        })
        .await
    }
}
