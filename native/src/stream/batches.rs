//! A stream of changes as a [`futures_core::Stream`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::stream::{FusedStream, Stream as FuturesStream};

use super::batch::Batch;
use super::{Acknowledge, Stream, StreamControl};
use crate::error::{Error, Result};

/// The batches of a [`Stream`] for the combinators of `futures`, by [`Stream::into_batches`].
///
/// Combinators ask for the next one while the last is worked on, so nothing is confirmed by asking:
/// the program confirms what it is done with, by [`StreamControl::confirm_items`] with
/// [`Batch::items`], or [`StreamControl::acknowledge`]. Dropping it ends the stream.
pub struct Batches {
    control: StreamControl,
    state: State,
}

type Taken = (Box<Stream>, Result<Option<Batch>>);

enum State {
    /// Nobody asks for a batch.
    Idle(Box<Stream>),
    /// Somebody waits for the next one.
    Waiting(Pin<Box<dyn Future<Output = Taken> + Send>>),
    Ended,
}

impl Batches {
    pub(super) fn new(stream: Stream) -> Result<Self> {
        if stream.acknowledge == Acknowledge::Automatic {
            return Err(Error::config_hint(
                "a stream with automatic acknowledgement cannot be read ahead: what was asked past \
                 would be confirmed before anybody has it",
                "Open it with Acknowledge::Manual, and confirm what is done with by StreamControl",
            ));
        }
        Ok(Self { control: stream.control().clone(), state: State::Idle(Box::new(stream)) })
    }

    /// What confirms, watches and ends the stream from elsewhere.
    pub fn control(&self) -> &StreamControl {
        &self.control
    }
}

impl FuturesStream for Batches {
    type Item = Result<Batch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut waiting = match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return Poll::Ready(None),
            State::Waiting(waiting) => waiting,
            State::Idle(mut stream) => Box::pin(async move {
                let batch = stream.next_batch().await;
                (stream, batch)
            }),
        };
        let Poll::Ready((stream, batch)) = waiting.as_mut().poll(cx) else {
            self.state = State::Waiting(waiting);
            return Poll::Pending;
        };
        // After an error there is no more.
        if let Ok(Some(_)) = batch {
            self.state = State::Idle(stream);
        }
        Poll::Ready(batch.transpose())
    }
}

impl FusedStream for Batches {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

impl std::fmt::Debug for Batches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("control", &self.control).finish_non_exhaustive()
    }
}
