//! Ctrl-C and SIGTERM: the first lets what is in flight end, the second cuts it.

use steadfast_ledger::Wish;
use tokio::sync::watch;

/// Listens from now on. `tell` is called with each new wish.
pub(crate) fn listen(tell: impl Fn(Wish) + Send + 'static) -> watch::Receiver<Wish> {
    let (sender, receiver) = watch::channel(Wish::GoOn);
    tokio::spawn(async move {
        for wish in [Wish::WindDown, Wish::Cut] {
            interrupted().await;
            tell(wish);
            if sender.send(wish).is_err() {
                return;
            }
        }
        // Nothing may keep the program from ending at the third.
        interrupted().await;
        std::process::exit(i32::from(crate::failure::INTERRUPTED));
    });
    receiver
}

/// Waits for the next Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
