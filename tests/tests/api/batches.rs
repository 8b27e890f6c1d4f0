//! Batches with the combinators of `futures`, and tasks that share the work.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use walscope::{Acknowledge, Batch, Batches, Changes, Stream, StreamOptions, Transactions};
use walscope_core::capture::Entry;
use walscope_core::pgoutput::{Decoder, Message};

use crate::{MAJORS, confirmed, end_of, open, options, slot_position, start, wait};

fn manual() -> StreamOptions {
    StreamOptions { acknowledge: Acknowledge::Manual, ..options() }
}

/// Rows in a batch, and where its last transaction ends.
fn look(batch: &Batch) -> (usize, Option<walscope_core::Lsn>) {
    let mut decoder = Decoder::default();
    let (mut rows, mut end) = (0, None);
    for entry in batch.entries() {
        let Entry::Data(data) = entry.unwrap() else { continue };
        let message = decoder.decode(data.data).unwrap();
        rows += usize::from(matches!(message, Message::Insert(_)));
        end = end_of(&message).or(end);
    }
    (rows, end)
}

/// Red without the check in `Batches::new`.
#[test]
fn what_reads_ahead_is_for_manual_confirmation_only() {
    let server = start(MAJORS[1]);
    let error = wait(async { open(&server, options()).await.into_batches().unwrap_err() });
    assert!(error.to_string().contains("cannot be read ahead"), "{error}");
    assert!(error.hint().unwrap().contains("Acknowledge::Manual"));
}

#[test]
fn combinators_read_ahead_and_confirm_nothing() {
    for major in MAJORS {
        let server = start(major);
        for id in 0..500 {
            server.sql(&format!("INSERT INTO t VALUES ({id}, 'v')"));
        }
        let before = slot_position(&server);
        let last = wait(async {
            let batches = open(&server, manual()).await.into_batches().unwrap();
            let control = batches.control().clone();
            let mut counted = batches
                .map_ok(|batch| (look(&batch), batch.items()))
                .then(|counted| async {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    counted
                })
                .boxed();
            let (mut rows, mut last) = (0, None);
            while rows < 500 {
                let ((count, end), items) = counted.try_next().await.unwrap().unwrap();
                rows += count;
                assert_eq!(control.status().flushed, before);
                last = end.map(|end| (end, items)).or(last);
            }
            let (end, items) = last.unwrap();
            control.confirm_items(items);
            control.close().await.unwrap();
            end
        });
        assert_eq!(confirmed(&server), last, "PostgreSQL {major}");
    }
}

/// One task reads, another works and confirms; a token ends both.
#[test]
fn one_task_reads_and_another_confirms() {
    let server = start(MAJORS[1]);
    wait(async {
        let mut stream = open(&server, manual()).await;
        let control = stream.control().clone();
        let (sender, mut receiver) = mpsc::channel(4);
        let token = CancellationToken::new();
        let reader = tokio::spawn({
            let token = token.clone();
            async move {
                while let Some(batch) = tokio::select! {
                    batch = stream.next_batch() => batch.unwrap(),
                    () = token.cancelled() => None,
                } {
                    if sender.send(batch).await.is_err() {
                        break;
                    }
                }
                stream.close().await.unwrap();
            }
        });
        let client = server.client().await;
        for id in 0..100 {
            client.batch_execute(&format!("INSERT INTO t VALUES ({id}, 'v')")).await.unwrap();
        }
        let mut rows = 0;
        while rows < 100 {
            let (count, end) = look(&receiver.recv().await.unwrap());
            rows += count;
            if let Some(end) = end {
                assert_eq!(control.acknowledge(end, None).unwrap(), end);
            }
        }
        let flushed = control.status().flushed;
        token.cancel();
        reader.await.unwrap();
        assert_eq!(confirmed(&server), flushed);
    });
}

#[test]
fn everything_can_move_between_threads() {
    fn is_send<T: Send + 'static>() {}
    fn value_is_send<T: Send>(_: &T) {}
    is_send::<Stream>();
    is_send::<Batches>();
    is_send::<Changes>();
    is_send::<Transactions>();
    is_send::<walscope::StreamControl>();
    let _ = |mut changes: Changes| value_is_send(&changes.next());
    let _ = |mut stream: Stream| value_is_send(&stream.next_batch());
    let _ = |mut transactions: Transactions| value_is_send(&transactions.next());
}
