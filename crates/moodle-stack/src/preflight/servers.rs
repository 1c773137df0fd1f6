//! The servers: shapes, image, the limits that the shapes name, and hosts with room.

use std::collections::BTreeSet;

use oci_client::services::core::models::{self, Shape};
use oci_client::services::core::operations::{
    GetImage, ListImageShapeCompatibilityEntries, ListImages, ListShapes,
};
use reconcile::graph::suggest;
use world::BoxFuture;

use super::limits::{Need, look_at};
use super::subject::Subject;
use super::{Place, capacity};
use crate::codes::Code;
use crate::config::Servers;
use crate::reads::{Read, Reads, all, is_missing, unread, words};
use crate::report::{Check, Finding, Level};

/// What the servers run, and what their files are written for.
const SYSTEM: (&str, &str) = ("Oracle Linux", "9");

/// The shapes with what each availability domain answers about them.
pub(super) type Offers = Vec<(String, Read<Vec<Shape>>)>;

/// A shape that may be tried, and the key that names it.
pub(super) type Tried<'a> = (&'static str, &'a str);

/// Looks at everything that the servers need.
pub(super) async fn look(reads: &Reads, subject: &Subject<'_>, place: &Place) -> Vec<Finding> {
    let servers = &subject.config.servers;
    let domains = place.domains_of(&servers.availability_domains);
    let offers = offers(reads, place, &domains).await;
    let mut findings = judge_shapes(servers, &offers);
    // What nobody offers has been said, and says nothing about images and hosts.
    let tried: Vec<Tried<'_>> =
        shapes(servers).into_iter().filter(|(_, shape)| may_be_offered(&offers, shape)).collect();
    let shares = shares(subject, &domains);
    let (image, limits, capacity) = tokio::join!(
        image(reads, servers, place, &tried),
        look_at(reads, place, needs(servers, &offers, &shares)),
        capacity::look(reads, subject, place, &offers, &tried)
    );
    [image, limits, capacity].into_iter().for_each(|found| findings.extend(found));
    findings
}

/// The shapes that may be tried, the first one first.
fn shapes(servers: &Servers) -> Vec<Tried<'_>> {
    let fallbacks = servers.fallback_shapes.iter().map(|shape| ("servers.fallback_shapes", shape.as_str()));
    let mut seen = BTreeSet::new();
    let all = std::iter::once(("servers.shape", servers.shape.as_str())).chain(fallbacks);
    all.filter(|(_, shape)| seen.insert(*shape)).collect()
}

/// Whether a domain offers a shape, or does not tell.
fn may_be_offered(offers: &Offers, shape: &str) -> bool {
    offers.iter().any(|(_, read)| is_offered(read, shape))
}

/// Whether this domain offers a shape, or does not tell.
pub(super) fn is_offered(read: &Read<Vec<Shape>>, shape: &str) -> bool {
    read.as_ref().map_or(true, |shapes| offer(shapes, shape).is_some())
}

/// How many servers are still to be made.
pub(super) fn wanted(subject: &Subject<'_>) -> u64 {
    u64::from(subject.config.servers.count).saturating_sub(subject.existing.count("instance"))
}

/// How many of them each domain gets: they are spread evenly, the first domains getting what remains.
fn shares(subject: &Subject<'_>, domains: &[String]) -> Vec<(String, u64)> {
    let (wanted, count) = (wanted(subject), domains.len().max(1) as u64);
    let share = |at: usize| wanted / count + u64::from((at as u64) < wanted % count);
    domains.iter().enumerate().map(|(at, domain)| (domain.clone(), share(at))).collect()
}

async fn offers(reads: &Reads, place: &Place, domains: &[String]) -> Offers {
    all(domains.iter().map(|domain| -> BoxFuture<'_, _> {
        Box::pin(async move {
            let mut operation = ListShapes::new(&place.compartment);
            operation.availability_domain = Some(domain.clone());
            (domain.clone(), reads.list(operation).await)
        })
    }))
    .await
}

/// The offer of a shape in a list, if it is there.
fn offer<'o>(shapes: &'o [Shape], name: &str) -> Option<&'o Shape> {
    shapes.iter().find(|shape| shape.shape.as_deref() == Some(name))
}

fn judge_shapes(servers: &Servers, offers: &Offers) -> Vec<Finding> {
    let refused = offers.iter().filter_map(|(domain, offer)| Some((domain, offer.as_ref().err()?)));
    let mut findings: Vec<Finding> = refused
        .map(|(domain, error)| {
            unread(Check::Shapes, domain, "the shapes that it offers", error, Level::Fault)
        })
        .collect();
    let known: Vec<(&str, &[Shape])> =
        offers.iter().filter_map(|(domain, offer)| Some((domain.as_str(), offer.as_deref().ok()?))).collect();
    if known.is_empty() {
        return findings;
    }
    for (key, name) in shapes(servers) {
        findings.push(offered(key, name, &known));
        if let Some(shape) = known.iter().find_map(|(_, shapes)| offer(shapes, name)) {
            findings.push(fits(key, name, servers, shape));
        }
    }
    findings
}

/// Whether the domains offer a shape.
fn offered(key: &'static str, name: &str, known: &[(&str, &[Shape])]) -> Finding {
    let (there, absent): (Vec<_>, Vec<_>) =
        known.iter().partition(|(_, shapes)| offer(shapes, name).is_some());
    let names =
        |list: &[&(&str, &[Shape])]| list.iter().map(|(domain, _)| *domain).collect::<Vec<_>>().join(", ");
    let finding =
        |found: String| Finding::ok(Check::Shapes, name, "offered where servers may be", found).key(key);
    if absent.is_empty() {
        return finding(format!("in {}", names(&there)));
    }
    if !there.is_empty() {
        return finding(format!("in {} only", names(&there)))
            .warning(Code::ShapeMissing)
            .advice("say with `servers.availability_domains` where servers may be");
    }
    let level = if key == "servers.shape" { Level::Fault } else { Level::Warning };
    let all = known.iter().flat_map(|(_, shapes)| shapes.iter().filter_map(|shape| shape.shape.as_deref()));
    let advice = suggest(name, all).map_or_else(
        || "take one that `oci compute shape list` shows".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    finding("nowhere".to_owned()).but(level, Code::ShapeMissing).advice(advice)
}

/// Whether a shape can have the size.
fn fits(key: &'static str, name: &str, servers: &Servers, shape: &Shape) -> Finding {
    let (ocpus, memory) = (servers.ocpus, servers.memory_in_gbs);
    let bounds = bounds(shape);
    let within = |value: f64, (least, most): (f64, f64)| (least..=most).contains(&value);
    let is_possible = within(ocpus, bounds.ocpus)
        && within(memory, bounds.memory)
        && bounds.per_ocpu.is_none_or(|per_ocpu| within(memory / ocpus, per_ocpu));
    let found = bounds.to_string();
    let finding = Finding::ok(Check::Shapes, name, format!("{ocpus} OCPUs, {memory} GB"), found).key(key);
    if is_possible {
        finding
    } else if !is_flexible(name) {
        let advice =
            "write the shape's own size into `servers.ocpus` and `servers.memory_in_gbs`: it has no other";
        finding.warning(Code::ShapeBounds).advice(advice)
    } else {
        finding
            .fault(Code::ShapeBounds)
            .advice("change `servers.ocpus` and `servers.memory_in_gbs`, or the shape")
    }
}

/// Whether the stack says the size of a server of this shape. It goes by the name, and so do we.
pub(super) fn is_flexible(shape: &str) -> bool {
    shape.ends_with(".Flex")
}

/// OCPUs and memory of a server: those of the file, or those of a shape that has no others.
fn size(servers: &Servers, name: &str, shape: &Shape) -> (f64, f64) {
    if is_flexible(name) {
        return (servers.ocpus, servers.memory_in_gbs);
    }
    (shape.ocpus.unwrap_or(servers.ocpus), shape.memory_in_gbs.unwrap_or(servers.memory_in_gbs))
}

/// What a shape can have, least and most.
struct Bounds {
    ocpus: (f64, f64),
    memory: (f64, f64),
    per_ocpu: Option<(f64, f64)>,
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let range = |(least, most): (f64, f64)| match (least, most) {
            _ if most.is_infinite() => format!("{least} or more"),
            (least, most) if (most - least).abs() < f64::EPSILON => format!("{least}"),
            (least, most) => format!("{least} to {most}"),
        };
        write!(f, "{} OCPUs, {} GB", range(self.ocpus), range(self.memory))?;
        self.per_ocpu.map_or(Ok(()), |bounds| write!(f, ", {} GB for each OCPU", range(bounds)))
    }
}

/// What the service does not tell does not bound.
fn bounds(shape: &Shape) -> Bounds {
    let range = |least: Option<f64>, most: Option<f64>| (least.unwrap_or(0.0), most.unwrap_or(f64::INFINITY));
    let fixed = |value: Option<f64>| range(value, value);
    if shape.is_flexible != Some(true) {
        return Bounds { ocpus: fixed(shape.ocpus), memory: fixed(shape.memory_in_gbs), per_ocpu: None };
    }
    let ocpus = shape.ocpu_options.as_ref().map(|options| range(options.min, options.max));
    let memory = shape.memory_options.as_ref();
    Bounds {
        ocpus: ocpus.unwrap_or((0.0, f64::INFINITY)),
        memory: memory.map_or((0.0, f64::INFINITY), |options| range(options.min_in_gbs, options.max_in_gbs)),
        per_ocpu: memory.map(|options| range(options.min_per_ocpu_in_gbs, options.max_per_ocpu_in_gbs)),
    }
}

/// The limits that the servers take from: those that their shapes name, and the boot volumes'. Each domain must have room for its
/// share, since a launch that meets a limit is not tried elsewhere.
fn needs(servers: &Servers, offers: &Offers, shares: &[(String, u64)]) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for (domain, count) in shares {
        let offer_here =
            offers.iter().find(|(name, _)| name == domain).and_then(|(_, read)| read.as_ref().ok());
        for (key, name) in shapes(servers) {
            let Some(shape) = offer_here.and_then(|shapes| offer(shapes, name)) else { continue };
            let (ocpus, memory) = size(servers, name, shape);
            for limit in shape.quota_names.iter().flatten() {
                let (each, unit) = if limit.contains("memory") { (memory, "GB") } else { (ocpus, "OCPUs") };
                let is_regional = limit.ends_with("-regional-count");
                let need = Need {
                    service: "compute",
                    limit: limit.clone(),
                    domain: (!is_regional).then(|| domain.clone()),
                    amount: times(*count, each),
                    what: format!("{count} servers of {each} {unit}"),
                    key,
                    is_fallback: key != "servers.shape",
                };
                add(&mut needs, need);
            }
        }
        needs.push(Need {
            service: "block-storage",
            limit: "total-storage-gb".to_owned(),
            domain: Some(domain.clone()),
            amount: count * u64::try_from(servers.boot_volume_in_gbs).unwrap_or(0),
            what: format!("{count} boot volumes of {} GB", servers.boot_volume_in_gbs),
            key: "servers.boot_volume_in_gbs",
            is_fallback: false,
        });
    }
    needs
}

/// Two domains that take from the same regional limit take together.
fn add(needs: &mut Vec<Need>, need: Need) {
    let same =
        |other: &&mut Need| other.limit == need.limit && other.domain == need.domain && other.key == need.key;
    match needs.iter_mut().find(same) {
        Some(other) => other.amount += need.amount,
        None => needs.push(need),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a hundred servers of at most 4096 GB"
)]
fn times(count: u64, each: f64) -> u64 {
    (count as f64 * each).ceil() as u64
}

/// Looks at the image: the one that the file names, or the newest that the servers would get.
async fn image(reads: &Reads, servers: &Servers, place: &Place, tried: &[Tried<'_>]) -> Vec<Finding> {
    let image = match (&servers.image_id, tried.first()) {
        (Some(id), _) => reads.value(&GetImage::new(id)).await.map_err(|error| no_image(id, &error)),
        (None, Some((_, shape))) => newest(reads, place, shape).await,
        // It is the newest one of a shape that does not exist.
        (None, None) => return Vec::new(),
    };
    let image = match image {
        Ok(image) => image,
        Err(finding) => return vec![finding],
    };
    let id = image.id.clone().unwrap_or_default();
    let compatible = reads.list(ListImageShapeCompatibilityEntries::new(&id)).await;
    let names = |entries: Vec<models::ImageShapeCompatibilitySummary>| {
        entries.into_iter().filter_map(|entry| entry.shape).collect()
    };
    judge_image(servers, tried, &image, &compatible.map(names))
}

/// The image that servers of a shape get when the file names none.
async fn newest(reads: &Reads, place: &Place, shape: &str) -> Result<models::Image, Finding> {
    let mut operation = ListImages::new(&place.compartment);
    operation.operating_system = Some(SYSTEM.0.to_owned());
    operation.operating_system_version = Some(SYSTEM.1.to_owned());
    operation.shape = Some(shape.to_owned());
    operation.lifecycle_state = Some(models::ImageLifecycleState::Available);
    let needed = format!("{} {} for `{shape}`", SYSTEM.0, SYSTEM.1);
    let images = reads
        .list(operation)
        .await
        .map_err(|error| unread(Check::Image, "newest image", &needed, &error, Level::Fault))?;
    let created = |image: &models::Image| image.time_created.as_ref().map(ToString::to_string);
    images.into_iter().max_by_key(created).ok_or_else(|| {
        Finding::ok(Check::Image, "newest image", needed, "there is none")
            .fault(Code::ImageMissing)
            .advice("take another shape, or name an image with `servers.image_id`")
    })
}

fn no_image(id: &str, error: &oci_client::error::Error) -> Finding {
    let needed = "an image of this region that we may use";
    if !is_missing(error) {
        return unread(Check::Image, id, needed, error, Level::Fault).key("servers.image_id");
    }
    Finding::ok(Check::Image, id, needed, words(error)).key("servers.image_id").fault(Code::ImageMissing).advice(
        "images have another OCID in each region: take this region's, or leave `image_id` out for the newest",
    )
}

fn judge_image(
    servers: &Servers,
    tried: &[Tried<'_>],
    image: &models::Image,
    compatible: &Read<BTreeSet<String>>,
) -> Vec<Finding> {
    let name = image.display_name.as_deref().or(image.id.as_deref()).unwrap_or("image");
    let mut findings = vec![judge_state(name, image), judge_system(name, image)];
    findings.extend(judge_volume(name, servers, image));
    match compatible {
        Ok(compatible) => {
            findings.extend(tried.iter().map(|tried| judge_processor(name, *tried, compatible)));
        }
        Err(error) => {
            let needed = "the shapes that it runs on";
            findings.push(unread(Check::Image, name, needed, error, Level::Unknown));
        }
    }
    findings
}

fn about_image(name: &str, needed: String, found: String) -> Finding {
    Finding::ok(Check::Image, name, needed, found).key("servers.image_id")
}

fn judge_state(name: &str, image: &models::Image) -> Finding {
    let state = image.lifecycle_state.as_ref().map_or("AVAILABLE", |state| state.as_str());
    let finding = about_image(name, "AVAILABLE".to_owned(), state.to_owned());
    if state == "AVAILABLE" {
        finding
    } else {
        finding.fault(Code::ImageUnusable).advice("take another image")
    }
}

fn judge_system(name: &str, image: &models::Image) -> Finding {
    let system = image.operating_system.as_deref().unwrap_or("nothing told");
    let version = image.operating_system_version.as_deref().unwrap_or_default();
    let found = format!("{system} {version}").trim().to_owned();
    let finding = about_image(name, format!("{} {}", SYSTEM.0, SYSTEM.1), found);
    if system == SYSTEM.0 && version.split('.').next() == Some(SYSTEM.1) {
        return finding;
    }
    let advice =
        "what runs on the servers is written for Oracle Linux 9: take such an image, or leave `image_id` out";
    finding.fault(Code::ImageSystem).advice(advice)
}

fn judge_volume(name: &str, servers: &Servers, image: &models::Image) -> Option<Finding> {
    let (megabytes, volume) = (image.size_in_mbs?, servers.boot_volume_in_gbs);
    let found = format!("{} GB", megabytes.saturating_add(1023) / 1024);
    let finding = about_image(name, format!("at most {volume} GB, the boot volume"), found);
    Some(if megabytes <= volume * 1024 {
        finding
    } else {
        let finding = finding.fault(Code::ImageUnusable).key("servers.boot_volume_in_gbs");
        finding.advice("make `servers.boot_volume_in_gbs` larger")
    })
}

fn judge_processor(name: &str, (key, shape): Tried<'_>, compatible: &BTreeSet<String>) -> Finding {
    let runs = compatible.contains(shape);
    let found = if runs { "it does" } else { "it does not" };
    let finding = about_image(name, format!("runs on `{shape}`"), found.to_owned()).key(key);
    if runs {
        return finding;
    }
    let level = if key == "servers.shape" { Level::Fault } else { Level::Warning };
    let advice =
        "Arm shapes (A1, A2) need an aarch64 image, Intel and AMD an x86_64 one: change one of the two";
    finding.but(level, Code::ImageShape).advice(advice)
}

#[cfg(test)]
mod tests {
    use oci_client::services::core::models::{ShapeMemoryOptions, ShapeOcpuOptions};

    use super::*;
    use crate::config::Config;

    fn flexible() -> Shape {
        Shape {
            shape: Some("VM.Standard.A1.Flex".to_owned()),
            is_flexible: Some(true),
            ocpu_options: Some(ShapeOcpuOptions {
                min: Some(1.0),
                max: Some(80.0),
                ..ShapeOcpuOptions::default()
            }),
            memory_options: Some(ShapeMemoryOptions {
                min_in_gbs: Some(1.0),
                max_in_gbs: Some(512.0),
                min_per_ocpu_in_gbs: Some(1.0),
                max_per_ocpu_in_gbs: Some(64.0),
                ..ShapeMemoryOptions::default()
            }),
            ..Shape::default()
        }
    }

    fn level(ocpus: f64, memory_in_gbs: f64, shape: &Shape) -> Level {
        let servers = Servers { ocpus, memory_in_gbs, ..Servers::default() };
        fits("servers.shape", "VM.Standard.A1.Flex", &servers, shape).level
    }

    #[test]
    fn a_size_is_judged_by_what_the_service_says_of_the_shape() {
        assert_eq!(level(2.0, 12.0, &flexible()), Level::Ok);
        assert_eq!(level(81.0, 100.0, &flexible()), Level::Fault);
        assert_eq!(level(2.0, 129.0, &flexible()), Level::Fault, "more than 64 GB for each OCPU");
        let fixed = Shape { ocpus: Some(1.0), memory_in_gbs: Some(15.0), ..Shape::default() };
        let told = |ocpus| {
            let servers = Servers { ocpus, memory_in_gbs: 15.0, ..Servers::default() };
            fits("servers.shape", "VM.Standard2.1", &servers, &fixed).level
        };
        assert_eq!((told(1.0), told(2.0)), (Level::Ok, Level::Warning));
        assert_eq!(level(2.0, 15.0, &Shape::default()), Level::Ok, "nothing told does not bound");
    }

    #[test]
    fn servers_are_spread_evenly() {
        let config = Config::parse(
            "[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n[servers]\ncount = 5\n",
        );
        let config = config.unwrap();
        let domains = ["a", "b", "c"].map(str::to_owned);
        let counts = |subject: &Subject<'_>| -> Vec<u64> {
            shares(subject, &domains).into_iter().map(|(_, count)| count).collect()
        };
        assert_eq!(counts(&Subject::new(&config)), [2, 2, 1]);
        let ids = ["a", "b", "c"].map(|id| format!("ocid1.instance.oc1.fra.{id}"));
        assert_eq!(counts(&Subject::new(&config).with_existing(ids)), [1, 1, 0]);
    }
}
