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

/// The next Ctrl-C or SIGTERM, heard from this call on and not only once it is awaited.
#[cfg(unix)]
pub(crate) fn interrupted() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = signal(SignalKind::interrupt())
        .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    async move {
        let Ok((mut interrupt, mut terminate)) = heard else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// The next Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn interrupted() {
    let _ = tokio::signal::ctrl_c().await;
}
