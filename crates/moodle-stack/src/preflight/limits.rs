//! Service limits: what may still be made.
//!
//! Only what the file asks for is asked. A limit without a figure is unknown, never zero: the service keeps no usage for some,
//! and the names of the limits for MySQL's paid shapes are not documented.

use oci_client::services::limits::operations::{GetResourceAvailability, ListLimitValues};
use world::BoxFuture;

use super::Place;
use super::network::{routes, wishes};
use super::subject::Subject;
use crate::codes::Code;
use crate::reads::{Read, Reads, all, is_missing, unread};
use crate::report::{Check, Finding, Level};

/// How much of a limit is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// The service, as the limits service calls it.
    pub(super) service: &'static str,
    /// The limit's name.
    pub(super) limit: String,
    /// The availability domain, where it holds in each.
    pub(super) domain: Option<String>,
    /// How much.
    pub(super) amount: u64,
    /// What it is for.
    pub(super) what: String,
    /// The key of the file that asks for it.
    pub(super) key: &'static str,
    /// Whether it may never be needed: for what is tried only where something else has no room.
    pub(super) is_fallback: bool,
}

/// What the service tells about a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// So much is left.
    Available { left: u64, used: u64 },
    /// The limit is this; how much of it is used, nobody tells.
    Ceiling(u64),
    /// Nothing is told.
    Untold,
}

/// Looks at the limits of everything but the servers' shapes, whose limits only the shapes name.
pub(super) async fn look(reads: &Reads, subject: &Subject<'_>, place: &Place) -> Vec<Finding> {
    look_at(reads, place, needs(subject, place)).await
}

/// Looks at each of the limits.
pub(super) async fn look_at(reads: &Reads, place: &Place, needs: Vec<Need>) -> Vec<Finding> {
    let wanted = needs.into_iter().filter(|need| need.amount > 0);
    all(wanted.map(|need| -> BoxFuture<'_, Finding> {
        Box::pin(async move {
            let left = left(reads, place, &need).await;
            judge(&need, &left)
        })
    }))
    .await
}

/// What is left of a limit: for the compartment, whose quota may be smaller than the tenancy's limit; or, where the service keeps
/// no usage, the plain ceiling, which it tells for the tenancy only.
async fn left(reads: &Reads, place: &Place, need: &Need) -> Read<Left> {
    let mut operation = GetResourceAvailability::new(need.service, &need.limit, &place.compartment);
    operation.availability_domain.clone_from(&need.domain);
    match reads.value(&operation).await {
        Ok(told) => {
            let count = |number: Option<i64>| number.map(|number| u64::try_from(number).unwrap_or(0));
            if let Some(left) = count(told.available) {
                return Ok(Left::Available { left, used: count(told.used).unwrap_or(0) });
            }
        }
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(error),
    }
    let mut operation = ListLimitValues::new(&place.tenancy, need.service);
    operation.name = Some(need.limit.clone());
    operation.availability_domain.clone_from(&need.domain);
    let values = reads.list(operation).await?;
    let value = values.into_iter().find(|value| value.name.as_deref() == Some(need.limit.as_str()));
    let value = value.and_then(|value| value.value).and_then(|value| u64::try_from(value).ok());
    Ok(value.map_or(Left::Untold, Left::Ceiling))
}

fn judge(need: &Need, left: &Read<Left>) -> Finding {
    let place = need.domain.as_deref().map_or_else(String::new, |domain| format!(" in {domain}"));
    let subject = format!("{}{place}", need.limit);
    let needed = format!("{} for {}", need.amount, need.what);
    let finding = |found: String| Finding::ok(Check::Limits, &subject, &needed, found).key(need.key);
    let (found, enough) = match left {
        Ok(Left::Available { left, used }) => (format!("{left} left, {used} used"), *left >= need.amount),
        Ok(Left::Ceiling(limit)) => {
            (format!("{limit} in all; how many are used is not told"), *limit >= need.amount)
        }
        Ok(Left::Untold) => {
            return Finding { level: Level::Unknown, ..finding("the service does not tell".to_owned()) };
        }
        Err(error) => return unread(Check::Limits, &subject, &needed, error, Level::Unknown).key(need.key),
    };
    if enough {
        return finding(found);
    }
    let level = if need.is_fallback { Level::Warning } else { Level::Fault };
    let advice =
        "ask for a higher limit (console: Governance, Limits), free what is not needed, or ask for less";
    finding(found).but(level, Code::LimitTooLow).advice(advice)
}

/// What the file asks for, less what exists already.
fn needs(subject: &Subject<'_>, place: &Place) -> Vec<Need> {
    let mut needs = network(subject);
    needs.extend(storage(subject, place));
    needs.extend(database(subject));
    let balancers = 1_u64.saturating_sub(subject.existing.count("networkloadbalancer"));
    needs.push(need(
        "network-load-balancer-api",
        "max-nlb-flexible-count",
        balancers,
        "the load balancer",
        "site.name",
    ));
    needs
}

fn need(service: &'static str, limit: &str, amount: u64, what: &str, key: &'static str) -> Need {
    let (limit, what) = (limit.to_owned(), what.to_owned());
    Need { service, limit, domain: None, amount, what, key, is_fallback: false }
}

fn network(subject: &Subject<'_>) -> Vec<Need> {
    let (network, existing) = (&subject.config.network, &subject.existing);
    let balancer = &subject.config.load_balancer;
    let new = |wanted: u64, kind: &str| wanted.saturating_sub(existing.count(kind));
    let one = |is_wanted: bool, kind: &str| new(u64::from(is_wanted), kind);
    // A subnet has a security list of its own, and the public ones share a route table as the private ones do.
    let subnets = wishes(subject.config).iter().filter(|wish| wish.id.is_none()).count() as u64;
    let (has_public, has_private) = routes(subject.config);
    let tables = u64::from(has_public) + u64::from(has_private);
    let internet = has_public && network.internet_gateway_id.is_none();
    let nat = has_private && network.nat_gateway_id.is_none();
    let services = has_private && network.service_gateway_id.is_none();
    let vcn = |limit, amount, what| need("vcn", limit, amount, what, "network.vcn_id");
    vec![
        vcn("vcn-count", one(network.vcn_id.is_none(), "vcn"), "the VCN"),
        vcn("subnet-count", new(subnets, "subnet"), "subnets"),
        vcn("security-list-count", new(subnets, "securitylist"), "security lists"),
        vcn("route-table-count", new(tables, "routetable"), "route tables"),
        vcn("internet-gateway-count", one(internet, "internetgateway"), "the internet gateway"),
        // A free tenancy may have none, and then the servers cannot fetch what they run.
        vcn("nat-gateway-count", one(nat, "natgateway"), "the NAT gateway"),
        vcn("service-gateway-count", one(services, "servicegateway"), "the service gateway"),
        need(
            "vcn",
            "reserved-public-ip-count",
            one(balancer.public && balancer.public_ip_id.is_none(), "publicip"),
            "the load balancer's address",
            "load_balancer.public_ip_id",
        ),
    ]
}

fn storage(subject: &Subject<'_>, place: &Place) -> Vec<Need> {
    let number = subject.config.storage.availability_domain;
    let Some(domain) = place.domains_of(&[number]).pop() else { return Vec::new() };
    let one = |limit: &str, kind: &str, what: &str| Need {
        domain: Some(domain.clone()),
        ..need(
            "filesystem",
            limit,
            1_u64.saturating_sub(subject.existing.count(kind)),
            what,
            "storage.availability_domain",
        )
    };
    vec![
        one("file-system-count", "filesystem", "the file system"),
        one("mount-target-count", "mounttarget", "the mount target"),
    ]
}

/// High availability takes three of the shape, and each replica one.
fn database(subject: &Subject<'_>) -> Vec<Need> {
    let (database, existing) = (&subject.config.database, &subject.existing);
    let instances = if database.high_availability { 3 } else { 1 };
    let own = if existing.count("mysqldbsystem") > 0 { instances } else { 0 };
    let replicas = u64::from(database.replicas).saturating_sub(existing.count("mysqlreplica"));
    let amount = instances - own + replicas;
    let what = format!("`{}`", database.shape);
    // The name for a paid shape is a guess, so that "not told" is what it mostly comes to.
    let limit = match database.shape.as_str() {
        "MySQL.Free" => "mysql-free-count".to_owned(),
        shape => format!("{}-count", shape.to_ascii_lowercase().replace('.', "-")),
    };
    let mut needs = vec![need("mysql", &limit, amount, &what, "database.shape")];
    if database.heatwave_nodes > 0 {
        let limit = match database.heatwave_shape.as_str() {
            "HeatWave.Free" => "mysql-heatwave-free-count".to_owned(),
            shape => format!("mysql-{}-count", shape.to_ascii_lowercase().replace('.', "-")),
        };
        let what = format!("nodes of the shape `{}`", database.heatwave_shape);
        needs.push(need(
            "mysql",
            &limit,
            u64::from(database.heatwave_nodes),
            &what,
            "database.heatwave_nodes",
        ));
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn config(more: &str) -> Config {
        Config::parse(&format!("[site]\nname = \"campus\"\nadmin_email = \"it@example.org\"\n{more}"))
            .unwrap()
    }

    fn place() -> Place {
        let domains = ["a:FRA-AD-1", "a:FRA-AD-2", "a:FRA-AD-3"].map(str::to_owned).into();
        Place { tenancy: "t".to_owned(), compartment: "c".to_owned(), domains }
    }

    fn amount(needs: &[Need], limit: &str) -> u64 {
        needs.iter().filter(|need| need.limit == limit).map(|need| need.amount).sum()
    }

    #[test]
    fn what_exists_is_not_needed_again() {
        let config = config("[database]\nshape = \"MySQL.8\"\nreplicas = 2\n");
        let new = needs(&Subject::new(&config), &place());
        assert_eq!((amount(&new, "vcn-count"), amount(&new, "subnet-count")), (1, 4));
        assert_eq!((amount(&new, "mysql-8-count"), amount(&new, "mount-target-count")), (5, 1));
        let ids =
            ["vcn.oc1.fra.a", "mysqldbsystem.oc1.fra.b", "mysqlreplica.oc1.fra.c", "mounttarget.oc1.fra.d"];
        let subject = Subject::new(&config).with_existing(ids.map(|id| format!("ocid1.{id}")));
        let grown = needs(&subject, &place());
        assert_eq!((amount(&grown, "vcn-count"), amount(&grown, "subnet-count")), (0, 4));
        assert_eq!((amount(&grown, "mysql-8-count"), amount(&grown, "mount-target-count")), (1, 0));
    }

    #[test]
    fn too_little_is_a_fault_and_nothing_told_is_unknown() {
        let need = need("vcn", "vcn-count", 1, "the VCN", "network.vcn_id");
        let level = |left| judge(&need, &Ok(left)).level;
        assert_eq!(level(Left::Available { left: 1, used: 49 }), Level::Ok);
        assert_eq!(level(Left::Available { left: 0, used: 50 }), Level::Fault);
        assert_eq!(level(Left::Ceiling(0)), Level::Fault);
        assert_eq!(level(Left::Ceiling(1)), Level::Ok);
        assert_eq!(level(Left::Untold), Level::Unknown);
        let fallback = Need { is_fallback: true, ..need };
        assert_eq!(judge(&fallback, &Ok(Left::Ceiling(0))).level, Level::Warning);
    }
}
