//! From the scene to places, and from places to SVG.

use std::fmt::Write as _;

use super::color::Look;
use super::layout::{
    Arrow, Block, GAP, Rect, Text, beside, column, frame, grid, head_room, line_height, row, stretch, thing,
    widest,
};
use super::scene::{Group, Scene, Thing};
use super::words::{Font, cut, width};

/// What is written above a picture.
pub(super) const HEADING: Font = Font { size: 18, bold: true };
/// Around everything.
pub(super) const MARGIN: f64 = 20.0;
/// Between rows, with room for an arrow and two lines beside it.
const RISE: f64 = 60.0;
/// From an arrow to the words beside it.
const ASIDE: f64 = 8.0;

/// The scene as a picture in SVG: text that is itself readable, in any viewer, on light and on dark pages.
#[must_use]
pub fn svg(scene: &Scene) -> String {
    write(&place(scene), &scene.title)
}

/// Everything with its place.
pub(super) fn place(scene: &Scene) -> Block {
    let mut parts = Parts { scene, block: Block::default() };
    parts.network();
    parts.services();
    parts.region();
    parts.outside();
    parts.heading();
    parts.block
}

struct Parts<'a> {
    scene: &'a Scene,
    block: Block,
}

impl Parts<'_> {
    fn group(&self, id: &str) -> &Group {
        self.scene.groups.iter().find(|group| group.id == id).expect("every scene has this group")
    }

    fn find(&self, id: &str) -> Option<&Thing> {
        self.scene.things.iter().find(|thing| thing.id == id)
    }

    fn boxed(&self, id: &str) -> Block {
        self.find(id).map_or_else(Block::default, thing)
    }

    /// What is written beside an arrow: what for, and at which ports.
    fn label(&self, from: &str, to: &str) -> Vec<String> {
        let link = self.scene.links.iter().find(|link| link.from == from && link.to == to);
        let words = link.map_or_else(Vec::new, |link| vec![link.purpose.clone(), link.ports.clone()]);
        words.into_iter().filter(|words| !words.is_empty()).collect()
    }

    /// The VCN with all that is in it.
    fn network(&mut self) {
        let vcn = self.group("vcn").clone();
        let servers = self.servers();
        let database = self.database();
        let storage = self.inside("storage", 1);
        let balancer = self.inside("balancer", 1);
        let (to_database, to_storage) = (self.label("web", "database"), self.label("web", "storage"));
        let room = |words: &[String]| widest(words) + 2.0 * (ASIDE + GAP);
        let database_min = database.w + 2.0 * GAP;
        let storage_min = (storage.w + 2.0 * GAP).max(room(&to_storage));
        let database_min = database_min.max(room(&to_database)).max(head_room(self.group("database")).0);
        let storage_min = storage_min.max(head_room(self.group("storage")).0);
        // The arrow of the visitors comes down in the middle, beside the head of the frame and with words on its right.
        let middle = (room(&self.label("load_balancer", "web"))).max(head_room(&vcn).0 + GAP);
        let gateway = self.boxed("internet_gateway");
        let left = [
            balancer.w + 2.0 * GAP,
            servers.w + 2.0 * GAP,
            head_room(self.group("web")).0,
            database_min + GAP + storage_min,
            2.0 * middle,
        ];
        let left = left.into_iter().fold(0.0, f64::max).ceil();

        let (nat, service) = (self.boxed("nat_gateway"), self.boxed("service_gateway"));
        let right = nat.w.max(service.w).max(2.0 * (room(&self.label("web", "nat_gateway")))).ceil();
        let right_x = left + 3.0 * GAP;

        let top = gateway.h.max(nat.h);
        let balancer = frame(self.group("balancer"), balancer, left);
        let web = frame(self.group("web"), servers, left);
        let storage = frame(self.group("storage"), storage, storage_min);
        let database = frame(self.group("database"), database, left - GAP - storage.w);
        let balancer_y = top + RISE;
        let web_y = balancer_y + balancer.h + RISE;
        let below_y = web_y + web.h + RISE;
        let storage_x = left - storage.w;
        // Beside the servers: the arrow to the NAT gateway leaves above, the one to the service gateway below it.
        let service_y = web_y + (web.h - service.h).max(60.0) / 2.0;

        let mut inner = Block::default();
        let gateway_x = ((left - gateway.w) / 2.0).floor();
        inner.put(gateway, (gateway_x, 0.0), None);
        inner.put(nat.clone(), (right_x + ((right - nat.w) / 2.0).floor(), 0.0), None);
        inner.put(balancer, (0.0, balancer_y), None);
        inner.put(web, (0.0, web_y), None);
        inner.put(service.clone(), (right_x + ((right - service.w) / 2.0).floor(), service_y), None);
        inner.put(database, (0.0, below_y), None);
        inner.put(storage, (storage_x, below_y), None);
        inner.w = inner.w.max(right_x + right);
        self.arrows_inside(&mut inner, right_x + right / 2.0);
        self.block = frame(&vcn, inner, 0.0);
    }

    fn arrows_inside(&self, inner: &mut Block, nat_x: f64) {
        let (balancer, web) = (inner.rect("balancer"), inner.rect("web"));
        if self.find("internet_gateway").is_some() {
            let gateway = inner.rect("internet_gateway");
            let label = self.label("internet_gateway", "balancer");
            down(inner, ("internet_gateway", gateway), ("balancer", balancer), gateway.center().0, &label);
        }
        let from = inner.rect("load_balancer");
        let label = self.label("load_balancer", "web");
        down(inner, ("load_balancer", from), ("web", web), from.center().0, &label);
        for zone in ["database", "storage"] {
            let (label, to) = (self.label("web", zone), inner.rect(zone));
            // Arrow and words together are in the middle.
            let x = (to.x + (to.w - widest(&label) - ASIDE) / 2.0).floor();
            down(inner, ("web", web), (zone, to), x, &label);
        }
        let (nat, service) = (inner.rect("nat_gateway"), inner.rect("service_gateway"));
        let out_y = web.y + 24.0;
        let points = vec![(web.right(), out_y), (nat_x, out_y), (nat_x, nat.bottom())];
        arrow(inner, "web", "nat_gateway", points);
        let words = beside(&self.label("web", "nat_gateway"), nat_x + ASIDE, (nat.bottom() + out_y) / 2.0);
        inner.texts.extend(words);
        let y = service.center().1;
        arrow(inner, "web", "service_gateway", vec![(web.right(), y), (service.x, y)]);
    }

    /// The things of a group, in rows of so many.
    fn inside(&self, group: &str, columns: usize) -> Block {
        grid(&self.scene.things_in(group).collect::<Vec<_>>(), columns)
    }

    fn servers(&self) -> Block {
        let domains: Vec<&Group> = self.scene.groups_in("web").collect();
        let columns = if domains.len() == 1 { 4 } else { 2 };
        row(domains.iter().map(|domain| frame(domain, self.inside(&domain.id, columns), 0.0)).collect())
    }

    fn database(&self) -> Block {
        let clusters: Vec<(&Group, Block)> =
            self.scene.groups_in("database").map(|cluster| (cluster, self.inside(&cluster.id, 3))).collect();
        let wide =
            clusters.iter().map(|(cluster, inner)| frame(cluster, inner.clone(), 0.0).w).fold(0.0, f64::max);
        let mut blocks: Vec<Block> =
            clusters.into_iter().map(|(cluster, inner)| frame(cluster, inner, wide)).collect();
        if self.scene.things_in("database").next().is_some() {
            let mut alone = self.inside("database", 1);
            if let [_] = alone.boxes[..] {
                let (w, h) = (alone.w.max(wide), alone.h);
                stretch(&mut alone, w, h);
            }
            blocks.push(alone);
        }
        column(blocks)
    }

    /// What is outside the network, at the height of those inside who use it.
    fn services(&mut self) {
        let group = self.group("services").clone();
        let (bucket, files) = (self.boxed("bucket"), self.boxed("file_system"));
        let (vcn, gateway) = (self.block.rect("vcn"), self.block.rect("service_gateway"));
        let target = self.block.rect("mount_target");
        let label = self.label("service_gateway", "bucket");
        let (w, head) = (bucket.w.max(files.w), head_room(&group));
        let x = vcn.right() + widest(&label) + 2.0 * ASIDE;
        let middle = |block: &Block, rect: Rect| rect.center().1 - block.h / 2.0;
        let (bucket_y, files_y) = (middle(&bucket, gateway), middle(&files, target));
        // The files come below, however near to each other the two are inside.
        let files_y = files_y.max(bucket_y + bucket.h + GAP);
        let mut inner = Block::default();
        for (mut block, y) in [(bucket, 0.0), (files, files_y - bucket_y)] {
            let h = block.h;
            stretch(&mut block, w, h);
            inner.put(block, (0.0, y), None);
        }
        let framed = frame(&group, inner, 0.0);
        self.block.put(framed, (x, bucket_y - head.1), None);
        let (bucket, files) = (self.block.rect("bucket"), self.block.rect("file_system"));
        let words_x = vcn.right() + ASIDE;
        let y = gateway.center().1;
        arrow(&mut self.block, "service_gateway", "bucket", vec![(gateway.right(), y), (bucket.x, y)]);
        self.above_and_below(&label, words_x, y);
        let y = target.center().1;
        arrow(&mut self.block, "mount_target", "file_system", vec![(target.right(), y), (files.x, y)]);
        self.above_and_below(&self.label("mount_target", "file_system"), words_x, y);
    }

    /// Words at a line that goes to the right: the first above it, the second below.
    fn above_and_below(&mut self, words: &[String], x: f64, y: f64) {
        let height = line_height(super::layout::DETAIL);
        for (words, y) in words.iter().zip([y - height / 2.0 - 2.0, y + height / 2.0 + 2.0]) {
            self.block.texts.extend(beside(std::slice::from_ref(words), x, y));
        }
    }

    fn region(&mut self) {
        let inner = std::mem::take(&mut self.block);
        self.block = frame(self.group("region"), inner, 0.0);
    }

    /// The world outside: visitors and the internet above, administrators on the left.
    fn outside(&mut self) {
        let region = std::mem::take(&mut self.block);
        let (mut x, mut internet, visitors) = (0.0, self.boxed("internet"), self.boxed("visitors"));
        let admins = self.boxed("administrators");
        let to_web = self.label("administrators", "web");
        if admins.w > 0.0 {
            x = admins.w + widest(&to_web) + 2.0 * ASIDE;
        }
        let (center, nat) =
            (region.rect("load_balancer").center().0 + x, region.rect("nat_gateway").center().0 + x);
        let is_public = self.find("visitors").is_none();
        if is_public {
            // One internet above both gateways.
            let (w, h) = ((nat - center + internet.w).ceil(), internet.h);
            stretch(&mut internet, w, h);
        }
        let top = internet.h.max(visitors.h);
        let internet_x = if is_public { (center + nat - internet.w) / 2.0 } else { nat - internet.w / 2.0 };
        let web = region.rect("web");
        let region_y = top + RISE;
        let mut whole = Block::default();
        whole.put(internet, (internet_x.floor(), 0.0), None);
        if !is_public {
            let visitors_x = (center - visitors.w / 2.0).floor();
            whole.put(visitors, (visitors_x, 0.0), None);
        }
        if admins.w > 0.0 {
            let y = region_y + web.center().1 - admins.h / 2.0;
            whole.put(admins, (0.0, y.floor()), None);
        }
        whole.put(region, (x, region_y), None);
        self.block = whole;
        self.arrows_outside(is_public, region_y);
        if x > 0.0 {
            let (admins, web) = (self.block.rect("administrators"), self.block.rect("web"));
            let y = admins.center().1;
            arrow(&mut self.block, "administrators", "web", vec![(admins.right(), y), (web.x, y)]);
            self.above_and_below(&to_web, admins.right() + ASIDE, y);
        }
    }

    fn arrows_outside(&mut self, is_public: bool, region_y: f64) {
        let (from, to) = if is_public { ("internet", "internet_gateway") } else { ("visitors", "balancer") };
        let label = self.label(from, to);
        let (above, below) = (self.block.rect(from), self.block.rect(to));
        let x = self.block.rect("load_balancer").center().0;
        arrow(&mut self.block, from, to, vec![(x, above.bottom()), (x, below.y)]);
        let y = (above.bottom() + region_y) / 2.0;
        self.block.texts.extend(beside(&label, x + ASIDE, y));
        let (nat, internet) = (self.block.rect("nat_gateway"), self.block.rect("internet"));
        let x = nat.center().0;
        arrow(&mut self.block, "nat_gateway", "internet", vec![(x, nat.y), (x, internet.bottom())]);
    }

    fn heading(&mut self) {
        let inner = std::mem::take(&mut self.block);
        let words = cut(&self.scene.title, HEADING, inner.w);
        let height = line_height(HEADING);
        let rect = Rect { x: MARGIN, y: MARGIN, w: width(&words, HEADING), h: height };
        let text = Text { words, rect, font: HEADING, look: Look::Text, centered: false, inside: None };
        let mut whole = Block { texts: vec![text], ..Block::default() };
        whole.put(inner, (MARGIN, MARGIN + height + GAP), None);
        whole.w += MARGIN;
        whole.h += MARGIN;
        self.block = whole;
    }
}

/// An arrow straight down, with words on its right in the gap above the box that it leads to.
fn down(block: &mut Block, from: (&str, Rect), to: (&str, Rect), x: f64, label: &[String]) {
    arrow(block, from.0, to.0, vec![(x, from.1.bottom()), (x, to.1.y)]);
    let words = beside(label, x + ASIDE, to.1.y - RISE / 2.0);
    block.texts.extend(words);
}

fn arrow(block: &mut Block, from: &str, to: &str, points: Vec<(f64, f64)>) {
    block.arrows.push(Arrow { points, from: from.to_owned(), to: to.to_owned() });
}

/// A block as SVG.
pub(super) fn write(block: &Block, title: &str) -> String {
    let (w, h) = (block.w.ceil(), block.h.ceil());
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
         font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n<title>{}</title>\n",
        escaped(title)
    );
    text.push_str("<style>\n@media (prefers-color-scheme: dark) {\n");
    for look in Look::all() {
        let paint = look.paint();
        let _ = writeln!(
            text,
            ".{} {{ fill: {}; stroke: {}; }}",
            paint.class, paint.dark.fill, paint.dark.stroke
        );
    }
    text.push_str(".way { fill: none; }\n}\n</style>\n");
    let page = Look::Page.paint();
    let _ = writeln!(
        text,
        "<rect class=\"{}\" width=\"{w}\" height=\"{h}\" fill=\"{}\"/>",
        page.class, page.light.fill
    );
    for boxed in &block.boxes {
        let (paint, rect) = (boxed.look.paint(), boxed.rect);
        let dashes = if paint.dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let _ = writeln!(
            text,
            "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"{}\" stroke=\"{}\"{dashes}/>",
            paint.class,
            number(rect.x),
            number(rect.y),
            number(rect.w),
            number(rect.h),
            number((rect.h / 4.0).min(6.0)),
            paint.light.fill,
            paint.light.stroke
        );
    }
    block.arrows.iter().for_each(|arrow| write_arrow(&mut text, arrow));
    block.texts.iter().for_each(|words| write_text(&mut text, words));
    text + "</svg>\n"
}

fn write_arrow(text: &mut String, arrow: &Arrow) {
    let paint = Look::Line.paint();
    let points: Vec<String> =
        arrow.points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
    let _ = writeln!(
        text,
        "<polyline class=\"{} way\" points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>",
        paint.class,
        points.join(" "),
        paint.light.stroke
    );
    let [.., before, end] = arrow.points[..] else { return };
    // The head, as long as wide, pointing the way that the last part goes.
    let (dx, dy) = (
        (end.0 - before.0).signum() * f64::from(end.0 != before.0),
        (end.1 - before.1).signum() * f64::from(end.1 != before.1),
    );
    let base = (end.0 - dx * 8.0, end.1 - dy * 8.0);
    let corners = [end, (base.0 - dy * 4.0, base.1 + dx * 4.0), (base.0 + dy * 4.0, base.1 - dx * 4.0)];
    let corners: Vec<String> =
        corners.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
    let _ = writeln!(
        text,
        "<polygon class=\"{}\" points=\"{}\" fill=\"{}\"/>",
        paint.class,
        corners.join(" "),
        paint.light.fill
    );
}

fn write_text(text: &mut String, words: &Text) {
    let (paint, rect) = (words.look.paint(), words.rect);
    let (x, anchor) =
        if words.centered { (rect.center().0, " text-anchor=\"middle\"") } else { (rect.x, "") };
    let weight = if words.font.bold { " font-weight=\"bold\"" } else { "" };
    let _ = writeln!(
        text,
        "<text class=\"{}\" x=\"{}\" y=\"{}\" font-size=\"{}\"{weight}{anchor} fill=\"{}\">{}</text>",
        paint.class,
        number(x),
        number(rect.y + f64::from(words.font.size)),
        words.font.size,
        paint.light.fill,
        escaped(&words.words)
    );
}

/// A number without more digits than a pixel has parts.
fn number(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Text as XML has it. What XML cannot have at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
