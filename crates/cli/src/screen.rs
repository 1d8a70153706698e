//! What a person sees while a delivery is under way: a bar, the states, and what is happening
//! now in words. Where stderr is no terminal, a plain line now and then.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use steadfast::{Activity, Client};
use steadfast_deliver::{Phase, Progress, View};
use steadfast_ledger::Wish;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FRAME: Duration = Duration::from_millis(100);
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress on stderr. It ends when this is finished or dropped.
pub(crate) struct Screen {
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Screen {
    /// Shows the progress, unless the user wants quiet.
    pub(crate) fn start(
        quiet: bool,
        progress: Arc<Progress>,
        client: Client,
        wish: watch::Receiver<Wish>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => None,
            (false, true) => Some(tokio::spawn(bars(progress, client, wish, stopped))),
            (false, false) => Some(tokio::spawn(lines(progress, client, wish, stopped))),
        };
        Self { stop, task }
    }

    /// Ends it and leaves the terminal clean.
    pub(crate) async fn finish(mut self) {
        let _ = self.stop.send(true);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

async fn bars(
    progress: Arc<Progress>,
    client: Client,
    wish: watch::Receiver<Wish>,
    mut stopped: watch::Receiver<bool>,
) {
    let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let style = |template: &str| {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    };
    let bar = screen.add(ProgressBar::new(0));
    bar.set_style(style("{prefix:10} {wide_bar} {pos}/{len} {msg}").progress_chars("━╸─"));
    let states = screen.add(ProgressBar::new(0));
    states.set_style(style("{wide_msg}"));
    let now = screen.add(ProgressBar::new(0));
    now.set_style(style("{wide_msg}"));
    let mut pace = Speed::default();
    loop {
        let view = progress.view();
        let (position, length) = extent(&view);
        bar.set_length(length);
        bar.set_position(position);
        bar.set_prefix(title(&view));
        bar.set_message(pace.text(&view, position, length));
        states.set_message(states_text(&view));
        now.set_message(now_text(
            &view,
            &client.activity(),
            &client.dialect().title,
            *wish.borrow(),
        ));
        bar.tick();
        states.tick();
        now.tick();
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            () = tokio::time::sleep(FRAME) => {}
        }
    }
    for line in [&bar, &states, &now] {
        line.finish_and_clear();
    }
}

async fn lines(
    progress: Arc<Progress>,
    client: Client,
    wish: watch::Receiver<Wish>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut shown: Option<(Phase, Instant)> = None;
    loop {
        let view = progress.view();
        let new = shown
            .as_ref()
            .is_none_or(|(phase, at)| *phase != view.phase || at.elapsed() >= PLAIN_LINE_EVERY);
        if new && view.phase != Phase::Done {
            let (position, length) = extent(&view);
            let now = now_text(&view, &client.activity(), &client.dialect().title, *wish.borrow());
            let states = states_text(&view);
            let parts: Vec<String> =
                [format!("{}{}", title(&view), far(position, length)), states, now]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect();
            eprintln!("{}", parts.join("; "));
            shown = Some((view.phase, Instant::now()));
        }
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(FRAME) => {}
        }
    }
}

fn far(position: u64, length: u64) -> String {
    if length == 0 { String::new() } else { format!(" {position}/{length}") }
}

fn title(view: &View) -> &'static str {
    match view.phase {
        Phase::Reading => "reading",
        Phase::Grouping => "grouping",
        Phase::LoggingIn => "logging in",
        Phase::Checking(_) => "checking",
        Phase::Sending if view.is_confirming() => "confirming",
        Phase::Sending => "sending",
        Phase::Done => "done",
    }
}

/// How far, of how much: bytes while reading, writes afterwards.
fn extent(view: &View) -> (u64, u64) {
    match view.phase {
        Phase::Reading => (view.read_bytes, view.size_bytes.max(view.read_bytes)),
        Phase::Grouping => (view.accepted, view.rows.max(view.accepted)),
        _ => (view.ended_total().min(view.accepted), view.accepted),
    }
}

fn states_text(view: &View) -> String {
    let parts: Vec<String> = view
        .ended
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(state, count)| format!("{state} {count}"))
        .collect();
    parts.join(" · ")
}

/// What is happening now: the most important thing, in words.
fn now_text(view: &View, activity: &Activity, api: &str, wish: Wish) -> String {
    match &view.phase {
        Phase::Checking(what) => {
            return format!("reading {what} from {api}, before anything is sent");
        }
        Phase::LoggingIn => return format!("asking {api} for a session"),
        Phase::Reading | Phase::Grouping | Phase::Done => return String::new(),
        Phase::Sending => {}
    }
    let mut said = Vec::new();
    if wish != Wish::GoOn {
        said.push("stopping: what is in flight ends first (Ctrl-C again cuts it)".to_owned());
    }
    if activity.breaker_open {
        let last = activity.last_fault.as_deref().unwrap_or("no answer");
        said.push(format!("{api} is away (last: {last}): waiting for it to come back"));
    }
    let queued = view.ended.get("queued").copied().unwrap_or(0);
    if activity.tables_locked {
        said.push("tables locked: writes are being queued".to_owned());
    } else if queued > 0 && activity.active == 0 {
        said.push(format!("looking for {queued} queued writes to become visible"));
    }
    for (why, count) in &activity.waiting {
        let last = activity.last_fault.as_deref().filter(|_| *why == "after a fault");
        let last = last.map(|fault| format!(" ({fault})")).unwrap_or_default();
        said.push(format!("{count} waiting {why}{last}"));
    }
    if let Some(rate) = activity.rate {
        said.push(format!("at most {rate:.0} a second"));
    }
    said.join(" · ")
}

/// Rate and time left, over the last few seconds.
#[derive(Default)]
struct Speed {
    phase: Phase,
    seen: std::collections::VecDeque<(Instant, u64)>,
}

impl Speed {
    fn text(&mut self, view: &View, position: u64, length: u64) -> String {
        if view.phase != self.phase {
            self.phase = view.phase.clone();
            self.seen.clear();
        }
        let now = Instant::now();
        self.seen.push_back((now, position));
        while self
            .seen
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > Duration::from_secs(5))
        {
            self.seen.pop_front();
        }
        let (Some(first), Phase::Sending) = (self.seen.front(), &view.phase) else {
            return String::new();
        };
        let passed = now.duration_since(first.0).as_secs_f64();
        let rate = (position.saturating_sub(first.1)) as f64 / passed.max(0.1);
        if rate < 0.1 {
            return String::new();
        }
        let left = (length.saturating_sub(position) as f64 / rate).ceil();
        format!("{rate:.0}/s {}", left_text(left as u64))
    }
}

fn left_text(seconds: u64) -> String {
    match seconds {
        0..=99 => format!("{seconds} s left"),
        100..=5_999 => format!("{} min left", seconds.div_ceil(60)),
        _ => format!("{} h left", seconds.div_ceil(3_600)),
    }
}
