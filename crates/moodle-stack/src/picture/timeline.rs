//! A run as a timeline: a bar for each step, from when to when.

use std::time::Duration;

use super::color::Look;
use super::draw::{HEADING, MARGIN, write};
use super::layout::{Block, Boxed, DETAIL, GAP, Rect, TITLE, Text, line_height};
use super::words::{Font, cut, width};

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it is about.
    pub name: String,
    /// When it begins, counted from the beginning of the run.
    pub begin: Duration,
    /// When it ends.
    pub end: Duration,
    /// Whether the run would be shorter if it were.
    pub is_critical: bool,
}

/// Pixels for the whole of the time.
const WIDE: f64 = 720.0;
const ROW: f64 = 20.0;
const BAR: f64 = 12.0;
/// What takes no time to speak of is seen all the same.
const BAR_MIN: f64 = 3.0;
/// From a bar to the words beside it.
const ASIDE: f64 = 6.0;
/// Names are cut beyond this.
const NAME_MAX: f64 = 420.0;
/// So many lines for minutes at most; more than that nobody counts.
const TICKS_MAX: u64 = 12;

/// The bars in order of their beginning, as SVG, with the path that makes the run as long as it is in another colour.
#[must_use]
pub fn timeline(title: &str, bars: &[Bar]) -> String {
    write(&place(title, bars), title)
}

/// Everything with its place.
pub(super) fn place(title: &str, bars: &[Bar]) -> Block {
    let mut bars: Vec<&Bar> = bars.iter().collect();
    bars.sort_by(|one, other| (one.begin, one.end, &one.name).cmp(&(other.begin, other.end, &other.name)));
    let end = bars.iter().map(|bar| bar.end).max().unwrap_or_default().max(Duration::from_secs(1));
    let names = bars.iter().map(|bar| width(&bar.name, DETAIL)).fold(0.0, f64::max).min(NAME_MAX).ceil();
    let mut block = Block::default();
    let top = MARGIN + line_height(HEADING) + GAP;
    let left = MARGIN + names + GAP;
    let at = |time: Duration| left + (time.as_secs_f64() / end.as_secs_f64() * WIDE).round();
    let rows = top + line_height(DETAIL) + GAP;
    let bottom = rows + ROW * bars.len() as f64;

    for minute in ticks(end) {
        let x = at(Duration::from_secs(minute * 60));
        let words = format!("{minute} min");
        put_text(&mut block, words, (x, top), DETAIL, Look::Faint);
        // Not through the rows: words stand there.
        let rect = Rect { x, y: rows - GAP, w: 1.0, h: GAP / 2.0 };
        put_box(&mut block, format!("tick{minute}"), rect, Look::Group(4));
    }
    for (number, bar) in bars.iter().enumerate() {
        let y = rows + ROW * number as f64;
        let words = cut(&bar.name, DETAIL, names);
        put_text(&mut block, words, (MARGIN, y + (ROW - line_height(DETAIL)) / 2.0), DETAIL, Look::Text);
        let (from, to) = (at(bar.begin), at(bar.end));
        let rect = Rect { x: from, y: y + (ROW - BAR) / 2.0, w: (to - from).max(BAR_MIN), h: BAR };
        let look = if bar.is_critical { Look::Thing(2) } else { Look::Thing(3) };
        put_box(&mut block, format!("bar{number}"), rect, look);
        let took = rough(bar.end.saturating_sub(bar.begin));
        let place = (rect.right() + ASIDE, y + (ROW - line_height(DETAIL)) / 2.0);
        put_text(&mut block, took, place, DETAIL, Look::Faint);
    }
    let legend = bottom + GAP;
    let mut x = left;
    for (id, look, words) in [
        ("critical", Look::Thing(2), "the path that makes it so long"),
        ("beside", Look::Thing(3), "beside it"),
    ] {
        put_box(&mut block, id.to_owned(), Rect { x, y: legend + 2.0, w: BAR * 2.0, h: BAR }, look);
        x += BAR * 2.0 + ASIDE;
        put_text(&mut block, words.to_owned(), (x, legend), DETAIL, Look::Faint);
        x += width(words, DETAIL) + 2.0 * GAP;
    }
    // The last time stands beside the longest bar.
    let w = block.texts.iter().map(|text| text.rect.right()).fold(at(end), f64::max) + MARGIN;
    let heading = cut(&format!("{title}: {}", rough(end)), HEADING, w - 2.0 * MARGIN);
    put_text(&mut block, heading, (MARGIN, MARGIN), HEADING, Look::Text);
    (block.w, block.h) = (w, legend + line_height(TITLE) + MARGIN);
    block
}

fn put_text(block: &mut Block, words: String, (x, y): (f64, f64), font: Font, look: Look) {
    let rect = Rect { x, y, w: width(&words, font), h: line_height(font) };
    block.texts.push(Text { words, rect, font, look, centered: false, inside: None });
}

fn put_box(block: &mut Block, id: String, rect: Rect, look: Look) {
    block.boxes.push(Boxed { id, rect, look, inside: None });
}

/// The minutes at which there is a line: every one, two, five, ten and so on, so that there are not too many.
fn ticks(end: Duration) -> impl Iterator<Item = u64> {
    let minutes = end.as_secs() / 60;
    let steps = (0..).flat_map(|power| [1, 2, 5].map(|step| step * 10_u64.pow(power)));
    let step = steps.take(18).find(|step| minutes / step <= TICKS_MAX).unwrap_or(u64::MAX);
    (0..=minutes).step_by(usize::try_from(step).unwrap_or(usize::MAX))
}

/// `7 s`, `12 min`, `1 h 5 min`.
fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds, (seconds + 30) / 60) {
        (0..100, _) => format!("{seconds} s"),
        (_, minutes @ 0..60) => format!("{minutes} min"),
        (_, minutes) => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
