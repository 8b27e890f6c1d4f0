//! `--metrics ADDRESS`: a stream's counters for Prometheus, by HTTP.
//!
//! Text format 0.0.4 of Prometheus, "Exposition formats". Whatever path is asked for, the answer is
//! the same.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::{Failure, say};
use crate::{StreamControl, StreamStatus};

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// A request that is not whole by then is none.
const PATIENCE: Duration = Duration::from_secs(10);
/// After an error that is not one connection's, such as too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves the counters until the process ends.
pub(super) async fn serve(
    address: SocketAddr,
    slot: String,
    control: StreamControl,
) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("cannot serve metrics on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    say(format_args!("walscope: metrics on http://{address}/metrics"));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let (slot, control) = (slot.clone(), control.clone());
            let service = service_fn(move |request: Request<_>| {
                std::future::ready(answer(&request, &slot, &control.status()))
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            // One that breaks is whoever asked's concern.
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(())
}

fn answer<B>(
    request: &Request<B>,
    slot: &str,
    status: &StreamStatus,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return Ok(refused);
    }
    let mut response = Response::new(Full::from(text(slot, status)));
    let format = hyper::header::HeaderValue::from_static(TEXT_FORMAT);
    response.headers_mut().insert(CONTENT_TYPE, format);
    Ok(response)
}

/// The counters and gauges. Slot names consist of letters, digits and underscores.
fn text(slot: &str, status: &StreamStatus) -> String {
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: f64| {
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "# HELP walscope_{name} {help}\n# TYPE walscope_{name} {kind}\n\
             walscope_{name}{{slot=\"{slot}\"}} {value}\n"
        );
    };
    metric("connected", "gauge", "Whether there is a connection.", status.connected.into());
    for (name, help, count) in [
        ("received_bytes_total", "Bytes read from the server.", status.bytes),
        ("messages_total", "Messages read from the server.", status.messages),
        ("changes_total", "Inserts, updates, deletes and truncates read.", status.changes),
        ("received_items_total", "Ends of transactions received.", status.received_items),
        ("confirmed_items_total", "Ends of transactions confirmed.", status.confirmed_items),
        ("statuses_total", "Status updates sent to the server.", status.statuses),
        ("reconnects_total", "Times that the stream came back.", status.reconnects),
    ] {
        metric(name, "counter", help, count as f64);
    }
    for (name, help, value) in [
        ("received_lsn_bytes", "End of what was received.", status.received.0 as f64),
        ("flushed_lsn_bytes", "End of what is confirmed.", status.flushed.0 as f64),
        ("lag_bytes", "Bytes of the log received and not confirmed.", status.lag_bytes as f64),
        ("lag_seconds", "Age of the oldest unconfirmed transaction.", status.lag.as_secs_f64()),
        ("buffered_bytes", "Bytes that wait for the consumer.", status.buffered as f64),
        ("held_bytes", "Bytes of unended transactions in memory.", status.held as f64),
        ("spilled_bytes", "Bytes of unended transactions in files.", status.spilled as f64),
        (
            "feedback_delay_seconds",
            "How late a status update left, at most.",
            status.feedback_delay.as_secs_f64(),
        ),
    ] {
        metric(name, "gauge", help, value);
    }
    text
}
