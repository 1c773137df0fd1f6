//! The picture on a terminal: one line for each step under way, and one for the whole.

use std::time::Duration;

use reconcile::plan::Action;

use super::{Progress, Running, Step, Tally, words};
use crate::view::style::{Role, Style};
use crate::view::text::{clean_line, clock, cut, fit, rough, width};

/// How much room there is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Columns of the bar of one step; enough to see it move in a creation of 25 minutes.
const STEP_BAR: usize = 12;
/// Columns of the bar of the whole, at most and at least.
const WHOLE_BAR: usize = 30;
const WHOLE_BAR_MIN: usize = 8;
/// Below this many columns bars give way to words.
const NARROW: usize = 72;
/// Steps that are shown at once at most: more than that nobody reads.
const SHOWN_MAX: usize = 16;

/// The lines to show at `now`, without line ends. None is longer than the screen is wide.
pub(super) fn draw(progress: &Progress, now: Duration, size: Size, style: Style) -> Vec<String> {
    // A full last column makes some terminals wrap.
    let columns = size.columns.saturating_sub(1);
    let mut lines: Vec<String> = progress
        .settling
        .iter()
        .map(|(address, since)| {
            let what = cut(&format!("  ? {address}  finding out how an earlier run ended"), columns);
            let time = format!("  {}", clock(now.saturating_sub(*since)));
            if width(&what) + width(&time) <= columns {
                what + &style.paint(Role::Faint, &time)
            } else {
                what
            }
        })
        .collect();
    let running = progress.running();
    // Of all steps, not only of those under way: a picture whose columns jump cannot be read.
    let name_columns = progress.steps.iter().map(|step| width(step.address.as_str())).max().unwrap_or(0);
    let name_columns = name_columns.min(if columns < NARROW { columns / 2 } else { columns * 2 / 5 });
    lines.extend(
        running.iter().map(|(step, running)| {
            step_line(step, running, now, Room { columns, name: name_columns }, style)
        }),
    );
    let room = size.rows.saturating_sub(3).clamp(1, SHOWN_MAX);
    if lines.len() > room {
        let hidden = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(style.paint(Role::Faint, &cut(&format!("    … and {hidden} more"), columns)));
    }
    if progress.tally().all() > 0 {
        lines.push(whole_line(progress, now, columns, style));
    }
    lines
}

#[derive(Clone, Copy)]
struct Room {
    columns: usize,
    name: usize,
}

fn step_line(step: &Step, running: &Running, now: Duration, room: Room, style: Style) -> String {
    let words = words(&step.action);
    let elapsed = now.saturating_sub(running.since);
    let time = format!("{:>5} of ~{:<5}", clock(elapsed), clock(running.expected));
    let mut used = 4 + room.name + 2 + width(&time);
    let name = style.paint(Role::Strong, &fit(step.address.as_str(), room.name));
    let mut line = format!("  {} {name}  ", style.paint(role(&step.action), words.sign));
    if used > room.columns {
        // Nothing but the name fits.
        return cut(&format!("  {} {}", words.sign, step.address), room.columns);
    }
    let time = if running.is_late(now) { style.paint(Role::Care, &time) } else { time };
    if room.columns >= NARROW {
        line.push_str(&style.paint(role(&step.action), &step_bar(running, now)));
        line.push_str("  ");
        used += STEP_BAR + 2;
    }
    line.push_str(&time);
    let mut more = match (running.waiting_on.as_deref(), running.is_late(now)) {
        (Some(what), false) => clean_line(what),
        (Some(what), true) => format!("longer than usual, {}", clean_line(what)),
        (None, true) => "longer than usual".to_owned(),
        (None, false) => String::new(),
    };
    if let Some(percent) = running.percent {
        more = format!("{percent} % {more}");
    }
    let rest = room.columns.saturating_sub(used + 2);
    if !more.is_empty() && rest >= 8 {
        line.push_str("  ");
        line.push_str(&style.paint(Role::Faint, &cut(more.trim_end(), rest)));
    }
    line
}

/// Full is never shown: a bar that is full and stays is a lie.
fn step_bar(running: &Running, now: Duration) -> String {
    let elapsed = now.saturating_sub(running.since).as_millis();
    let whole = elapsed + running.left(now).as_millis();
    let full = (elapsed * STEP_BAR as u128).checked_div(whole).unwrap_or(0);
    let full = usize::try_from(full).unwrap_or(STEP_BAR).min(STEP_BAR - 1);
    "█".repeat(full) + &"░".repeat(STEP_BAR - full)
}

fn whole_line(progress: &Progress, now: Duration, columns: usize, style: Style) -> String {
    let tally = progress.tally();
    let (counts, plain_counts) = counts(tally, style);
    let left = match progress.left(now) {
        Some(left) if progress.stopping => format!("stopping, about {}", rough(left)),
        Some(left) => format!("about {} left", rough(left)),
        None if progress.stopping => "stopping".to_owned(),
        None => "done".to_owned(),
    };
    let back = if progress.rolling_back { "changing back, " } else { "" };
    let time = format!("{back}{}, {left}", clock(now));
    let used = 2 + width(&plain_counts) + 3 + width(&time);
    if used > columns {
        return cut(&format!("  {plain_counts}"), columns);
    }
    let time = style.paint(Role::Strong, &time);
    let room = columns.saturating_sub(used + 2).min(WHOLE_BAR);
    if room < WHOLE_BAR_MIN {
        return format!("  {counts}   {time}");
    }
    format!("  {}  {counts}   {time}", whole_bar(tally, room, style))
}

/// What is done, running and waiting, in words; coloured and plain.
fn counts(tally: Tally, style: Style) -> (String, String) {
    let parts = [
        (tally.done, "done", Role::Good),
        (tally.running, "running", Role::Care),
        (tally.waiting, "waiting", Role::Faint),
        (tally.failed, "failed", Role::Bad),
        (tally.open, "left open", Role::Bad),
        (tally.skipped, "skipped", Role::Care),
    ];
    let shown = parts.iter().enumerate().filter(|(at, (count, ..))| *at < 3 || *count > 0);
    let texts: Vec<_> = shown.map(|(_, (count, what, role))| (format!("{count} {what}"), *role)).collect();
    let painted: Vec<String> = texts.iter().map(|(text, role)| style.paint(*role, text)).collect();
    let plain: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
    (painted.join(" · "), plain.join(" · "))
}

/// A bar of parts: done, running, waiting, and what will not be done.
fn whole_bar(tally: Tally, room: usize, style: Style) -> String {
    let lost = tally.failed + tally.open + tally.skipped;
    let parts = [
        (tally.done, "█", Role::Good),
        (tally.running, "▒", Role::Care),
        (tally.waiting, "░", Role::Faint),
        (lost, "×", Role::Bad),
    ];
    let all = tally.all().max(1);
    let (mut before, mut bar) = (0, String::new());
    for (count, glyph, role) in parts {
        let columns = (before + count) * room / all - before * room / all;
        bar.push_str(&style.paint(role, &glyph.repeat(columns)));
        before += count;
    }
    bar
}

fn role(action: &Action) -> Role {
    match action {
        Action::Create => Role::Good,
        Action::Update => Role::Care,
        Action::Delete => Role::Bad,
        Action::Read | Action::Check => Role::Info,
    }
}
