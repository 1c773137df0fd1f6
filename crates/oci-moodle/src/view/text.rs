//! Pieces of text: durations, widths, and words of others that must not play tricks on a terminal.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A duration as a stopwatch shows it: `0:07`, `12:41`, `1:05:00`.
pub(crate) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A duration as one says it: `7 s`, `12 min`, `1 h 5 min`. From ten minutes on nobody wants to know the seconds.
pub(crate) fn rough(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1000);
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match (seconds, minutes) {
        (0..60, _) => format!("{seconds} s"),
        (_, 0..10) if rest > 0 => format!("{minutes} min {rest} s"),
        (_, 0..10) => format!("{minutes} min"),
        _ => {
            let minutes = seconds.div_ceil(60);
            match (minutes / 60, minutes % 60) {
                (0, minutes) => format!("{minutes} min"),
                (hours, 0) => format!("{hours} h"),
                (hours, minutes) => format!("{hours} h {minutes} min"),
            }
        }
    }
}

/// `1 step`, `2 steps`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The words of a service, with nothing in them that a terminal would obey. Line ends stay.
pub(crate) fn clean(words: &str) -> String {
    // Besides control characters those that turn the direction of what follows: they make a text lie about itself.
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmless = |c: char| if (c.is_control() && c != '\n') || turns(c) { '\u{fffd}' } else { c };
    words.replace("\r\n", "\n").replace('\t', "    ").chars().map(harmless).collect()
}

/// The same in one line.
pub(crate) fn clean_line(words: &str) -> String {
    clean(words).split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

/// How many columns a terminal gives to `text`.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text`, cut to at most `columns`; what is cut ends in `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= room
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// `text` in exactly `columns`: cut, or filled with spaces.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    text.push_str(&" ".repeat(columns - width(&text)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let texts = |seconds| {
            let duration = Duration::from_secs(seconds);
            (clock(duration), rough(duration))
        };
        for (seconds, expected) in [
            (0, ("0:00", "0 s")),
            (59, ("0:59", "59 s")),
            (60, ("1:00", "1 min")),
            (61, ("1:01", "1 min 1 s")),
            (599, ("9:59", "9 min 59 s")),
            (601, ("10:01", "11 min")),
            (3600, ("1:00:00", "1 h")),
            (3599, ("59:59", "1 h")),
            (3905, ("1:05:05", "1 h 6 min")),
        ] {
            let (clock, rough) = texts(seconds);
            assert_eq!((clock.as_str(), rough.as_str()), expected, "{seconds}");
        }
        assert_eq!(rough(Duration::from_millis(1)), "1 s", "something is never nothing");
    }

    #[test]
    fn a_cut_text_fits_whatever_its_letters() {
        for (text, columns, expected) in
            [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("漢字漢字", 5, "漢字…"), ("漢字", 2, "…"), ("ab", 0, "")]
        {
            assert_eq!(cut(text, columns), expected);
            assert!(width(&cut(text, columns)) <= columns);
        }
        assert_eq!(fit("漢字", 6), "漢字  ");
    }

    #[test]
    fn words_of_others_cannot_move_the_cursor() {
        assert_eq!(clean("a\x1b[2Jb\r\nc\x07"), "a\u{fffd}[2Jb\nc\u{fffd}");
        assert_eq!(clean_line("a\n\n  b\r\nc"), "a / b / c");
        assert_eq!(clean("\u{9b}2J"), "\u{fffd}2J", "the eight-bit form of the same");
        assert_eq!(clean("a\u{202e}b"), "a\u{fffd}b", "nor read from right to left");
    }
}
