//! How wide words are, without a font at hand.

/// Widths of the printable ASCII characters in Helvetica, in thousandths of the font's size, from the space on.
///
/// **Source**: Adobe's font metrics of Helvetica, one of the fonts that every PDF reader has; Arial and Liberation Sans have the same.
#[rustfmt::skip]
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Other fonts are wider: DejaVu Sans, which many Linux machines take instead, by up to a fifth; its bold letters by up to two fifths.
const PLAIN: f64 = 1.2;
const BOLD: f64 = 1.4;

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Font {
    /// In pixels.
    pub(super) size: u16,
    pub(super) bold: bool,
}

/// At most so wide is `text` in the fonts that a reader may have, in pixels.
pub(super) fn width(text: &str, font: Font) -> f64 {
    let of = |c: char| {
        let place = u32::from(c).checked_sub(32).and_then(|at| usize::try_from(at).ok());
        // What is not in the table is taken to be as wide as high, which is right for Chinese and enough for all others.
        f64::from(place.and_then(|at| HELVETICA.get(at)).copied().unwrap_or(1000))
    };
    let thousandths: f64 = text.chars().map(of).sum();
    thousandths / 1000.0 * f64::from(font.size) * if font.bold { BOLD } else { PLAIN }
}

/// `text`, cut so that it is at most `room` pixels wide.
pub(super) fn cut(text: &str, font: Font, room: f64) -> String {
    if width(text, font) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&format!("{kept}…"), font) > room {
            kept.pop();
            break;
        }
    }
    kept.trim_end().to_owned() + "…"
}
