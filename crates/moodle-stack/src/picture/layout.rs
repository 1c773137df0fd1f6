//! Boxes, texts and arrows with places, put together from the inside outwards.

use super::color::Look;
use super::scene::{Group, Thing};
use super::words::{Font, width};

/// A place, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Rect {
    pub(super) fn right(self) -> f64 {
        self.x + self.w
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.h
    }

    pub(super) fn center(self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }
}

/// A box with a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Boxed {
    pub(super) id: String,
    pub(super) rect: Rect,
    pub(super) look: Look,
    /// The box around it, by position.
    pub(super) inside: Option<usize>,
}

/// A line of text. Its rectangle is where it stands at most, whatever the font.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) words: String,
    pub(super) rect: Rect,
    pub(super) font: Font,
    pub(super) look: Look,
    pub(super) centered: bool,
    /// The box that it is written in, by position; none for what stands at an arrow.
    pub(super) inside: Option<usize>,
}

/// A line with a head at its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrow {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) from: String,
    pub(super) to: String,
}

/// Part of a picture, or all of it. Its upper left corner is at zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) w: f64,
    pub(super) h: f64,
    pub(super) boxes: Vec<Boxed>,
    pub(super) texts: Vec<Text>,
    pub(super) arrows: Vec<Arrow>,
}

pub(super) const TITLE: Font = Font { size: 13, bold: true };
pub(super) const DETAIL: Font = Font { size: 11, bold: false };
/// Between things of a kind, and between a border and what is inside.
pub(super) const GAP: f64 = 14.0;
/// Between a border and words.
const PAD: f64 = 10.0;
const THING_MIN: f64 = 100.0;

pub(super) fn line_height(font: Font) -> f64 {
    f64::from(font.size) + 4.0
}

impl Block {
    /// Puts `other` at a place. Its outermost boxes and texts are then inside the box `parent` of this block.
    pub(super) fn put(&mut self, other: Block, (x, y): (f64, f64), parent: Option<usize>) {
        let shift = self.boxes.len();
        let place = |inside: Option<usize>| inside.map(|at| at + shift).or(parent);
        let moved = |rect: Rect| Rect { x: rect.x + x, y: rect.y + y, ..rect };
        self.w = self.w.max(x + other.w);
        self.h = self.h.max(y + other.h);
        self.boxes.extend(other.boxes.into_iter().map(|boxed| Boxed {
            rect: moved(boxed.rect),
            inside: place(boxed.inside),
            ..boxed
        }));
        self.texts.extend(other.texts.into_iter().map(|text| Text {
            rect: moved(text.rect),
            inside: place(text.inside),
            ..text
        }));
        self.arrows.extend(other.arrows.into_iter().map(|arrow| Arrow {
            points: arrow.points.iter().map(|point| (point.0 + x, point.1 + y)).collect(),
            ..arrow
        }));
    }

    /// Where the box with this name is.
    pub(super) fn rect(&self, id: &str) -> Rect {
        self.boxes.iter().find(|boxed| boxed.id == id).map_or_else(Rect::default, |boxed| boxed.rect)
    }
}

/// A box with its words in the middle.
pub(super) fn thing(thing: &Thing) -> Block {
    let lines: Vec<(&str, Font, Look)> = std::iter::once((thing.title.as_str(), TITLE, Look::Text))
        .chain(thing.details.iter().map(|detail| (detail.as_str(), DETAIL, Look::Faint)))
        .collect();
    let widest = lines.iter().map(|(words, font, _)| width(words, *font)).fold(0.0, f64::max);
    let w = (widest + 2.0 * PAD).max(THING_MIN).ceil();
    let mut block = Block { w, ..Block::default() };
    let mut y = PAD;
    for (words, font, look) in lines {
        let wide = width(words, font);
        let rect = Rect { x: (w - wide) / 2.0, y, w: wide, h: line_height(font) };
        block.texts.push(Text { words: words.to_owned(), rect, font, look, centered: true, inside: Some(0) });
        y += line_height(font);
    }
    block.h = y + PAD;
    let rect = Rect { w, h: block.h, ..Rect::default() };
    block.boxes.push(Boxed { id: thing.id.clone(), rect, look: Look::thing(thing.kind), inside: None });
    block
}

/// The words at the head of a frame, and the room that they take.
fn head(group: &Group) -> (Vec<(String, Font, Look)>, f64, f64) {
    let mut lines = vec![(group.title.clone(), TITLE, Look::Text)];
    lines.extend(group.details.iter().map(|detail| (detail.clone(), DETAIL, Look::Faint)));
    let widest = lines.iter().map(|(words, font, _)| width(words, *font)).fold(0.0, f64::max);
    let height: f64 = lines.iter().map(|(_, font, _)| line_height(*font)).sum();
    (lines, widest, height)
}

/// How much room the words at the head of a frame take, with space around them: wide and high.
pub(super) fn head_room(group: &Group) -> (f64, f64) {
    let (_, widest, height) = head(group);
    (widest + 2.0 * PAD, height + 2.0 * PAD)
}

/// A frame around `inner`, at least so wide, with `inner` in the middle below the head.
pub(super) fn frame(group: &Group, inner: Block, w_min: f64) -> Block {
    let (lines, widest, height) = head(group);
    let w = (inner.w + 2.0 * GAP).max(widest + 2.0 * PAD).max(w_min).ceil();
    let top = PAD + height + PAD;
    let h = top + inner.h + GAP;
    let rect = Rect { w, h, ..Rect::default() };
    let boxed = Boxed { id: group.id.clone(), rect, look: Look::group(group.kind), inside: None };
    let mut block = Block { w, h, boxes: vec![boxed], ..Block::default() };
    let mut y = PAD;
    for (words, font, look) in lines {
        let rect = Rect { x: PAD, y, w: width(&words, font), h: line_height(font) };
        block.texts.push(Text { words, rect, font, look, centered: false, inside: Some(0) });
        y += line_height(font);
    }
    let x = ((w - inner.w) / 2.0).floor();
    block.put(inner, (x, top), Some(0));
    block
}

/// Blocks side by side, their upper edges in line.
pub(super) fn row(blocks: Vec<Block>) -> Block {
    let mut whole = Block::default();
    for (at, block) in blocks.into_iter().enumerate() {
        let x = if at == 0 { 0.0 } else { whole.w + GAP };
        whole.put(block, (x, 0.0), None);
    }
    whole
}

/// Blocks one below the other, their left edges in line.
pub(super) fn column(blocks: Vec<Block>) -> Block {
    let mut whole = Block::default();
    for (at, block) in blocks.into_iter().enumerate() {
        let y = if at == 0 { 0.0 } else { whole.h + GAP };
        whole.put(block, (0.0, y), None);
    }
    whole
}

/// Things in rows of so many, all of one size.
pub(super) fn grid(things: &[&Thing], columns: usize) -> Block {
    let mut blocks: Vec<Block> = things.iter().map(|one| thing(one)).collect();
    let w = blocks.iter().map(|block| block.w).fold(0.0, f64::max);
    let h = blocks.iter().map(|block| block.h).fold(0.0, f64::max);
    blocks.iter_mut().for_each(|block| stretch(block, w, h));
    let mut rows = Vec::new();
    let mut blocks = blocks.into_iter().peekable();
    while blocks.peek().is_some() {
        rows.push(row(blocks.by_ref().take(columns.max(1)).collect()));
    }
    column(rows)
}

/// Makes the box of one thing so wide and high, with its words still in the middle.
pub(super) fn stretch(block: &mut Block, w: f64, h: f64) {
    let (dx, dy) = ((w - block.w) / 2.0, (h - block.h) / 2.0);
    for text in &mut block.texts {
        text.rect.x += dx;
        text.rect.y += dy;
    }
    if let Some(boxed) = block.boxes.first_mut() {
        (boxed.rect.w, boxed.rect.h) = (w, h);
    }
    (block.w, block.h) = (w, h);
}

/// Words beside an arrow: `x` is their left edge, `y` the middle of all lines.
pub(super) fn beside(words: &[String], x: f64, y: f64) -> Vec<Text> {
    let height = line_height(DETAIL);
    let mut top = y - height * words.len() as f64 / 2.0;
    words
        .iter()
        .map(|words| {
            let rect = Rect { x, y: top, w: width(words, DETAIL), h: height };
            top += height;
            let words = words.clone();
            Text { words, rect, font: DETAIL, look: Look::Faint, centered: false, inside: None }
        })
        .collect()
}

pub(super) fn widest(words: &[String]) -> f64 {
    words.iter().map(|words| width(words, DETAIL)).fold(0.0, f64::max)
}
