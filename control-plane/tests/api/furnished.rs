//! One of everything that the API can show, so that every path of its description leads somewhere.

use crate::{
    certificates::made::{pair, params, root},
    harness::{Answer, Tenant, World, request},
};
use control_plane::{
    db::{
        callers::Owner,
        enrolment::{self, Applicant, Enrolment},
    },
    publish::keys::LinkKeys,
};
use http::{Method, header};
use policy::id::NodeId;
use proto::{enrolment_token::EnrolmentToken, identity::VerifyingKey};
use rcgen::KeyPair;
use serde_json::{Value, json};
use std::collections::HashMap;

/// An operation of the OpenAPI document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// With ids as they stand in the document, and without `/client/v4`.
    pub(crate) path: String,
    pub(crate) described: Value,
}

/// Every operation of the document, in its order.
pub(crate) fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(control_plane::api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(|(method, described)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.trim_start_matches("/client/v4").to_owned(),
            described: described.clone(),
        })
    });
    operations.collect()
}

/// A zone with one of everything, an Origin CA certificate, an enrolment token and a node.
pub(crate) struct Furnished {
    ids: HashMap<&'static str, String>,
    zone_name: String,
    token: EnrolmentToken,
}

impl Furnished {
    /// Adds another set of everything to a world.
    pub(crate) async fn add(world: &World, number: u8) -> Self {
        LinkKeys::ensure(&world.app.pool, &world.app.master_key, world.app.clock.now()).await.unwrap();
        let name = format!("z{number}.example.com");
        let zone = world.zone(&name).await;
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let record = json!({"type": "A", "name": "grpc", "content": "192.0.2.7", "origin": {"port": 8443}});
        let record = world.record(&zone, record).await;
        let custom = world.post(&format!("{zone}/custom_certificates"), pair(&[&name]).body()).await.ok();
        let trusted = json!({"certificate": root("trusted").pem()});
        let trusted = world.post(&format!("{zone}/acm/custom_trust_store"), trusted).await.ok();
        let packs = world.get(&format!("{zone}/ssl/certificate_packs")).await.ok();
        let order = json!({"csr": csr(), "hostnames": [name], "request_type": "origin-ecc"});
        let origin = world.post("/certificates", order).await.ok();
        let token = world.post("/orangery/enrolment_tokens", json!({"uses": 9})).await.ok();
        let parsed = EnrolmentToken::parse(token["value"].as_str().unwrap()).unwrap();
        let ids = HashMap::from([
            ("account_id", world.admin.account.to_string()),
            ("zone_id", zone.trim_start_matches("/zones/").to_owned()),
            ("record_id", id(&record)),
            ("setting_id", "grpc".to_owned()),
            ("product", "protocols".to_owned()),
            ("custom_certificate_id", id(&custom)),
            ("custom_origin_trust_store_id", id(&trusted)),
            ("certificate_pack_id", id(&packs[1])),
            ("certificate_id", id(&origin)),
            ("token_id", id(&token)),
            ("node_id", NodeId::from_bytes([number; 16]).to_string()),
        ]);
        let furnished = Self { ids, zone_name: name, token: parsed };
        furnished.enrol(world, number).await;
        furnished
    }

    /// Calls an operation with the example of its description, as somebody who may do everything.
    pub(crate) async fn call(&self, world: &World, operation: &Operation) -> Answer {
        let bearer = format!("Bearer {}", self.caller(world, operation).await.token);
        let request =
            request(operation.method.clone(), &self.path(operation)).header(header::AUTHORIZATION, bearer);
        let contents = &operation.described["requestBody"]["content"];
        let multipart = &contents["multipart/form-data"];
        if multipart.is_object() {
            let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=boundary");
            return world.send(request, form(&multipart["example"])).await;
        }
        let body = self.filled(contents["application/json"]["example"].clone());
        world.send(request, if body.is_null() { String::new() } else { body.to_string() }).await
    }

    async fn enrol(&self, world: &World, number: u8) {
        let applicant = Applicant {
            token: self.token.key.public(),
            signing_key: VerifyingKey([number; 32]),
            receiving_key: [number; 32],
            name: "node",
            version: "1.0.0",
        };
        let now = world.app.clock.now();
        let enrolled =
            enrolment::enrol(&world.app.pool, &applicant, NodeId::from_bytes([number; 16]), now).await;
        assert!(matches!(enrolled, Ok(Enrolment::Enrolled { .. })), "{enrolled:?}");
    }

    /// Everything is the administrator's, but only a token of an account can ask about itself.
    async fn caller(&self, world: &World, operation: &Operation) -> Tenant {
        let mut caller = world.admin.clone();
        if operation.path == "/accounts/{account_id}/tokens/verify" {
            caller.token = world.token(Owner::Account(caller.account)).await;
        }
        caller
    }

    fn path(&self, operation: &Operation) -> String {
        let fill = |segment: &str| match segment.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(id) => self.ids.get(id).unwrap_or_else(|| panic!("{id} is not furnished")).clone(),
            None => segment.to_owned(),
        };
        let path = operation.path.split('/').map(fill).collect::<Vec<_>>().join("/");
        let parameters = operation.described["parameters"].as_array().unwrap().iter();
        let required = parameters.filter(|it| it["in"] == "query" && it["required"] == true);
        let query: Vec<String> = required
            .map(|it| it["name"].as_str().unwrap())
            .map(|name| {
                format!("{name}={}", self.ids.get(name).unwrap_or_else(|| panic!("{name} is not furnished")))
            })
            .collect();
        format!("{path}?{}", query.join("&"))
    }

    /// An example with what only the reader can know: real certificates, names in this zone, and ids of what is there.
    fn filled(&self, example: Value) -> Value {
        let Value::Object(mut fields) = example else { return example };
        let pem = |fields: &serde_json::Map<String, Value>, field: &str| {
            fields.get(field).and_then(Value::as_str).is_some_and(|text| text.contains("BEGIN"))
        };
        if pem(&fields, "private_key") {
            fields.extend(pair(&[&self.zone_name]).body().as_object().unwrap().clone());
        } else if pem(&fields, "certificate") {
            fields["certificate"] = json!(root("another").pem());
        } else if pem(&fields, "csr") {
            fields["csr"] = json!(csr());
            fields["hostnames"] = json!([self.zone_name]);
        }
        for (list, id) in [("deletes", "record_id"), ("certificates", "custom_certificate_id")] {
            if let Some(first) = fields.get_mut(list).and_then(|list| list.get_mut(0)) {
                first["id"] = json!(self.ids[id]);
            }
        }
        Value::Object(fields)
    }
}

fn csr() -> String {
    params(&[]).serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap()
}

/// Texts as the fields of a form; `file` as a file.
fn form(fields: &Value) -> String {
    let part = |(name, value): (&String, &Value)| {
        let file = if name == "file" { "; filename=\"file\"" } else { "" };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("--boundary\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n")
    };
    let fields = fields.as_object().expect("a form has an example in api/docs/examples.rs");
    fields.iter().map(part).collect::<String>() + "--boundary--\r\n"
}
