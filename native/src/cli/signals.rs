//! The signals that end a stream in order.

/// Resolves at the first SIGINT or SIGTERM.
#[cfg(unix)]
pub(super) async fn ended() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Resolves at the first Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn ended() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
