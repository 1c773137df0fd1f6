//! MySQL configuration: variables of the server, for one shape.
//!
//! Its variables never change: another set of them is another configuration. It cannot be deleted while a DB
//! system uses it.
//! API: MySQL Database Service 20190415, `Configuration`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use oci_client::model::Model;
use oci_client::services::mysql::models;
use oci_client::services::mysql::operations::{
    CreateConfiguration, DeleteConfiguration, GetConfiguration, ListConfigurations, UpdateConfiguration,
};
use reconcile::Address;
use reconcile::provider::{Failure, Invalid, ResourceType};
use reconcile::schema::Schema;
use reconcile::value::ValueMap;
use schemars::JsonSchema;
use serde_json::Value as Json;

use crate::attr::{Attr, Output, attributes};
use crate::call::Call;
use crate::lifecycle::Lifecycle;
use crate::look::Look;
use crate::module::{Api, Change, ResourceModule, Scope, Seen};
use crate::rules;
use crate::schema;
use crate::tags::StackTags;
use crate::wire;

/// Terraform's name of the type.
pub const TYPE: &str = "oci_mysql_mysql_configuration";

/// Variables of the server, for one shape.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct MysqlConfiguration {
    /// The compartment; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub compartment_id: Attr<String>,
    /// The shape; a change makes a new one.
    #[schemars(extend("x-required" = true, "x-force-new" = true))]
    pub shape_name: Attr<String>,
    /// What people call it; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub display_name: Attr<String>,
    /// What it is for.
    #[schemars(length(min = 1, max = 400))]
    pub description: Attr<String>,
    /// Variables that count when the database is made; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub init_variables: Attr<InitVariables>,
    /// The variables, by Terraform's names (`max_connections`); a change makes a new one.
    #[schemars(extend("x-force-new" = true, "x-write-only" = true))]
    pub variables: Attr<BTreeMap<String, Json>>,
    /// The variables as name and value, in place of `variables`; a change makes a new one.
    #[schemars(extend("x-unordered" = true, "x-force-new" = true, "x-write-only" = true))]
    pub options: Attr<Vec<ConfigurationOption>>,
    /// The configuration that it starts from; a change makes a new one.
    #[schemars(extend("x-force-new" = true))]
    pub parent_configuration_id: Attr<String>,
    /// The user's free-form tags.
    pub freeform_tags: Attr<BTreeMap<String, String>>,
    /// The user's defined tags, `Namespace.Key` to value.
    pub defined_tags: Attr<BTreeMap<String, String>>,
    /// What this schema does not know, under Oracle's names.
    pub raw: Attr<BTreeMap<String, Json>>,
}

attributes!(MysqlConfiguration {
    compartment_id,
    shape_name,
    display_name,
    description,
    init_variables,
    variables,
    options,
    parent_configuration_id,
    freeform_tags,
    defined_tags,
    raw,
});

/// Variables that count when the database is made.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct InitVariables {
    /// Whether names of tables keep their case.
    #[schemars(extend("enum" = ["CASE_SENSITIVE", "CASE_INSENSITIVE_LOWERCASE"]))]
    pub lower_case_table_names: Attr<String>,
}

attributes!(InitVariables { lower_case_table_names });

/// A variable.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct ConfigurationOption {
    /// Its name.
    #[schemars(extend("x-required" = true))]
    pub name: Attr<String>,
    /// Its value.
    pub value: Attr<String>,
}

attributes!(ConfigurationOption { name, value });

/// What the service tells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description: the schema is derived from it")]
struct Told {
    /// The OCID.
    id: String,
    /// `DEFAULT` or `CUSTOM`.
    r#type: String,
    /// When it was made.
    time_created: String,
    /// When it was last changed.
    #[schemars(extend("x-volatile" = true))]
    time_updated: String,
    /// Its lifecycle state.
    #[schemars(extend("x-volatile" = true))]
    state: String,
}

/// The OCID of the configuration at `address`.
#[must_use]
pub fn id(address: &Address) -> Output<String> {
    Output::new(address.clone(), "id")
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(schema::of::<MysqlConfiguration, Told>);

fn seen(body: Json) -> Seen {
    Seen::new(&SCHEMA, body, &[])
}

/// It is made at once; the limit is that of Oracle's Terraform provider.
const LIFECYCLE: Lifecycle = Lifecycle {
    until: &["ACTIVE"],
    failed: &[],
    gone: &["DELETED"],
    expect: Duration::from_secs(1),
    limit: Duration::from_secs(1200),
};

/// The module of `oci_mysql_mysql_configuration`.
#[derive(Clone, Copy, Debug)]
pub struct Module;

impl ResourceModule for Module {
    fn resource_type(&self) -> ResourceType {
        LIFECYCLE.resource_type(TYPE, &SCHEMA)
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &LIFECYCLE
    }

    fn api(&self) -> Api {
        Api {
            service: "mysql",
            create: Some(models::CreateConfigurationDetails::default().facts()),
            update: Some(models::UpdateConfigurationDetails::default().facts()),
            renames: &[],
            left_out: &[],
            elsewhere: &[],
        }
    }

    fn validate(&self, inputs: &ValueMap) -> Vec<Invalid> {
        let mut problems = Vec::new();
        let mut check = rules::Check::of(inputs, &mut problems);
        check.not_both("variables", "options");
        let facts = models::ConfigurationVariables::default().facts();
        check.each_entry("variables", |name, value| {
            if !wire::has_field(facts, name, &[]) {
                return Err("is not among Oracle's variables; give another one under `options`".to_owned());
            }
            let one = ValueMap::from_iter([(name.into(), value.clone())]);
            let fits = wire::details::<models::ConfigurationVariables>(&one, &[]).is_ok();
            if fits || value.first_unknown().is_some() {
                return Ok(());
            }
            Err("is no value that this variable can have".to_owned())
        });
        problems
    }

    fn create(&self, inputs: &ValueMap, tags: &StackTags) -> Result<Call, Failure> {
        Ok(Call::with_raw(CreateConfiguration::new(wire::creation(inputs, tags, &[])?), wire::raw(inputs)))
    }

    fn observe(&self, body: Json) -> Option<Seen> {
        Some(seen(body))
    }

    fn read(&self, id: &str) -> Look<Seen> {
        Look::one(Call::new(GetConfiguration::new(id)), |answer| seen(answer.body))
    }

    fn list(&self, scope: &Scope) -> Option<Look<Vec<Seen>>> {
        let list = Call::all_pages(ListConfigurations::new(scope.compartment_id.as_deref()?));
        let part =
            |body: Json| Seen { leaves_out: &["init_variables", "parent_configuration_id"], ..seen(body) };
        Some(Look::one(list, move |answer| answer.items().iter().cloned().map(part).collect()))
    }

    fn update(&self, id: &str, change: &Change<'_>, tags: &StackTags) -> Result<Vec<Call>, Failure> {
        change.update(tags, &[], &[], |details| UpdateConfiguration::new(id, details))
    }

    fn delete(&self, id: &str, _attributes: &ValueMap) -> Vec<Call> {
        vec![Call::new(DeleteConfiguration::new(id))]
    }
}
