//! Each attribute has its place in Oracle's API, and each field of Oracle's models is an attribute or is left out for a reason
//! that the documentation tells.
#![expect(clippy::unwrap_used, reason = "a test")]

use oci_resources::module::Api;
use oci_resources::wire::{RAW, has_field};
use reconcile::provider::ResourceType;

fn of(resource_type: &ResourceType, api: &Api) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = &resource_type.name;
    let settable = || {
        let attributes = resource_type.schema.attributes();
        attributes
            .filter(|(name, attribute)| !attribute.read_only && &***name != RAW)
            .map(|(name, _)| &**name)
    };
    let elsewhere = |attribute: &str| api.elsewhere.iter().any(|(known, _)| *known == attribute);
    for attribute in settable() {
        let mut models = api.create.iter().chain(&api.update);
        let has_place = models.any(|facts| has_field(facts, attribute, api.renames));
        if !has_place && !elsewhere(attribute) {
            wrong.push(format!("{name}: `{attribute}` goes nowhere"));
        }
    }
    let left_out = |field: &str| api.left_out.iter().any(|(known, _)| *known == field);
    for facts in api.create.iter().chain(&api.update) {
        for field in facts.fields.iter().map(|field| field.name) {
            let is_attribute = settable().any(|attribute| {
                has_field(facts, attribute, api.renames) && {
                    let one = oci_client::model::ModelFacts {
                        name: "",
                        fields: one_field(facts, field),
                        tag: None,
                    };
                    has_field(&one, attribute, api.renames)
                }
            });
            match (is_attribute, left_out(field)) {
                (false, false) => wrong.push(format!("{name}: `{field}` of `{}` is not covered", facts.name)),
                (true, true) => wrong.push(format!("{name}: `{field}` is an attribute and left out")),
                _ => {}
            }
        }
    }
    for (field, _) in api.left_out {
        let mut models = api.create.iter().chain(&api.update);
        if !models.any(|facts| facts.fields.iter().any(|known| known.name == *field)) {
            wrong.push(format!("{name}: `{field}` is left out of no model"));
        }
    }
    wrong
}

fn one_field(
    facts: &'static oci_client::model::ModelFacts,
    field: &str,
) -> &'static [oci_client::model::FieldFacts] {
    let at = facts.fields.iter().position(|known| known.name == field).unwrap();
    &facts.fields[at..=at]
}

#[test]
fn every_attribute_and_every_field_has_its_place() {
    let wrong: Vec<String> =
        oci_resources::modules().flat_map(|module| of(&module.resource_type(), &module.api())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
