//! The part that a run talks to, and the thread that paints.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use reconcile::plan::Plan;
use reconcile::run::{ApplyOptions, Event, Observer, Summary};
use serde_json::{Map, Value as Json, json};
use world::World;

use super::Progress;
use super::json::{self, Moment};
use super::lines::{Lines, sentence};
use super::screen::{self, Size};
use crate::view::style::{Role, Style};
use crate::view::text::{clock, counted, rough};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A picture that moves, on a terminal.
    Screen,
    /// A line for each thing that happens.
    Lines,
    /// A JSON object for each thing that happens, one a line.
    Json,
}

impl Mode {
    /// JSON where it is asked for; a picture on a terminal, unless quiet is asked for; lines otherwise.
    pub(crate) fn choose(json: bool, quiet: bool, is_terminal: bool) -> Self {
        match (json, quiet || !is_terminal) {
            (true, _) => Self::Json,
            (false, true) => Self::Lines,
            (false, false) => Self::Screen,
        }
    }
}

/// How often the picture is painted anew, in real time: fluent to the eye, and nothing for a processor.
const FRAME: Duration = Duration::from_millis(100);
/// What may wait to be painted while the terminal is stopped (Ctrl-S). Beyond it the run waits, as any program that
/// prints does; only news about waiting are dropped.
const BACKLOG_MAX: usize = 4096;

/// Shows a run to whoever started it. Give it to the engine as its observer, and [`finish`](Self::finish) it at the end.
///
/// What is written goes to a thread of its own, so that a slow terminal does not slow down the run. Nothing that goes
/// wrong with writing (a closed pipe) stops a run: it has more important things to finish.
pub(crate) struct Reporter {
    world: Arc<dyn World>,
    began: Duration,
    style: Style,
    painter: Option<(SyncSender<News>, JoinHandle<()>)>,
}

/// What the painter is told.
enum News {
    Planned(Moment, Box<Progress>),
    Event(Moment, Event),
    Told(Moment, String, Map<String, Json>),
}

impl Reporter {
    /// Starts to show a run that begins now.
    pub(crate) fn start(mode: Mode, style: Style, world: Arc<dyn World>, out: Box<dyn Write + Send>) -> Self {
        let began = world.monotonic();
        let (sender, news) = sync_channel(BACKLOG_MAX);
        let painter = Painter {
            mode,
            style,
            world: world.clone(),
            began,
            out,
            progress: Progress::default(),
            lines: Lines::default(),
            painted: 0,
        };
        // Without a thread there is no progress to see, and the run goes on all the same.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(|| painter.paint(news));
        Self { world, began, style, painter: thread.ok().map(|thread| (sender, thread)) }
    }

    /// The run will carry out `plan`. To be said before it begins; without it there is no forecast.
    pub(crate) fn planned(&self, plan: &Plan, options: &ApplyOptions) {
        self.send(News::Planned(self.moment(), Box::new(Progress::of(plan, options))));
    }

    /// Something else happened that people should know, and its fields for programs; `type` should be one of them.
    pub(crate) fn tell(&self, text: impl Into<String>, fields: Json) {
        self.send(News::Told(self.moment(), text.into(), json::object(fields)));
    }

    /// What came of the run.
    pub(crate) fn ended(&self, summary: &Summary) {
        let moment = self.moment();
        let text = in_short(summary, moment.elapsed, self.style);
        self.send(News::Told(moment, text, json::ended(summary)));
    }

    /// Shows what is left to show, and leaves the terminal in order.
    pub(crate) fn finish(mut self) {
        self.close();
    }

    fn close(&mut self) {
        if let Some((sender, thread)) = self.painter.take() {
            drop(sender);
            // A painter that panicked has said so on stderr; the run does not depend on it.
            let _ = thread.join();
        }
    }

    fn moment(&self) -> Moment {
        Moment { elapsed: self.world.monotonic().saturating_sub(self.began), wall: self.world.now() }
    }

    fn send(&self, news: News) {
        let Some((sender, _)) = &self.painter else { return };
        if let News::Event(_, Event::Waiting { .. }) = news {
            let _ = sender.try_send(news);
        } else {
            let _ = sender.send(news);
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.close();
    }
}

impl Observer for Reporter {
    fn event(&mut self, event: &Event) {
        self.send(News::Event(self.moment(), event.clone()));
    }
}

/// A run in one sentence.
pub(super) fn in_short(summary: &Summary, elapsed: Duration, style: Style) -> String {
    let after = rough(elapsed);
    let done = counted(summary.done, "step", "steps");
    if summary.is_success() {
        return format!("{} {done} in {after}", style.paint(Role::Good, "done:"));
    }
    let mut parts = vec![format!("{done} done")];
    for (count, what) in [
        (summary.failed.len(), "failed"),
        (summary.open.len(), "not over"),
        (summary.withheld.len(), "withheld"),
        (summary.skipped.len(), "skipped"),
        (summary.never_started.len(), "not begun"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let what = if summary.cancelled {
        style.paint(Role::Care, "interrupted:")
    } else {
        style.paint(Role::Bad, "not done:")
    };
    format!("{what} {} after {after}; what is done is recorded, run again to go on", parts.join(", "))
}

struct Painter {
    mode: Mode,
    style: Style,
    world: Arc<dyn World>,
    began: Duration,
    out: Box<dyn Write + Send>,
    progress: Progress,
    lines: Lines,
    /// Lines of the picture that stand on the terminal now.
    painted: usize,
}

impl Painter {
    #[expect(clippy::needless_pass_by_value, reason = "the thread owns its end of the channel")]
    fn paint(mut self, news: Receiver<News>) {
        loop {
            match news.recv_timeout(FRAME) {
                Ok(first) => {
                    let mut text = String::new();
                    // A burst of events is one frame.
                    for news in std::iter::once(first).chain(news.try_iter().take(BACKLOG_MAX)) {
                        self.take(&news, &mut text);
                    }
                    self.show(&text, true);
                }
                Err(RecvTimeoutError::Timeout) => self.show("", true),
                Err(RecvTimeoutError::Disconnected) => return self.show("", false),
            }
        }
    }

    /// Adds what news leave behind for good to `text`.
    fn take(&mut self, news: &News, text: &mut String) {
        if let News::Event(moment, event) = news {
            self.progress.note(moment.elapsed, event);
        }
        if let News::Planned(_, progress) = news {
            self.progress = (**progress).clone();
        }
        let line = match self.mode {
            Mode::Json => for_programs(news),
            Mode::Lines => match news {
                News::Event(moment, event) => self.lines.text(moment.elapsed, event, self.style),
                News::Told(_, told, _) => Some(told.clone()),
                News::Planned(..) => None,
            },
            Mode::Screen => match news {
                News::Event(moment, event) => lasting(moment.elapsed, event, self.style),
                News::Told(_, told, _) => Some(told.clone()),
                News::Planned(..) => None,
            },
        };
        if let Some(line) = line {
            text.push_str(&line);
            text.push('\n');
        }
    }

    /// Writes `text`, and below it the picture as it is now.
    fn show(&mut self, text: &str, with_picture: bool) {
        let mut frame = String::new();
        if self.mode == Mode::Screen {
            if self.painted > 0 {
                // Up to the first line of the picture, and everything below goes.
                frame = format!("\x1b[{}F\x1b[J", self.painted);
            }
            frame.push_str(text);
            self.painted = 0;
            if with_picture {
                let now = self.world.monotonic().saturating_sub(self.began);
                for line in screen::draw(&self.progress, now, size(), self.style) {
                    frame.push_str(&line);
                    frame.push('\n');
                    self.painted += 1;
                }
            }
        } else {
            frame.push_str(text);
        }
        if !frame.is_empty() {
            // Whoever closed the pipe does not want to know; the run goes on.
            let _ = self.out.write_all(frame.as_bytes()).and_then(|()| self.out.flush());
        }
    }
}

/// What stays on the terminal above the picture. What begins and what waits is in the picture.
fn lasting(at: Duration, event: &Event, style: Style) -> Option<String> {
    if matches!(event, Event::Started { .. } | Event::Waiting { .. } | Event::Settling { .. }) {
        return None;
    }
    let stamp = style.paint(Role::Faint, &format!("[{:>5}]", clock(at)));
    sentence(event, style).map(|sentence| format!("{stamp} {sentence}"))
}

fn for_programs(news: &News) -> Option<String> {
    let (moment, fields) = match news {
        News::Event(moment, event) => (moment, json::described(event)?),
        News::Told(moment, _, fields) => (moment, fields.clone()),
        News::Planned(moment, progress) => {
            let expected = progress.left(Duration::ZERO).map(json::seconds);
            let line =
                json!({"type": "planned", "steps": progress.steps.len(), "expected_seconds": expected});
            (moment, json::object(line))
        }
    };
    Some(json::stamped(*moment, fields).to_string())
}

/// The terminal's size; the classical one where nobody tells.
fn size() -> Size {
    let size = terminal_size::terminal_size();
    let (columns, rows) = size.map_or((80, 24), |(width, height)| (width.0.into(), height.0.into()));
    Size { columns, rows }
}
