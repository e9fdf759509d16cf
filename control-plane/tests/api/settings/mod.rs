//! The settings of a zone: what each may be, how they constrain each other, and that they reach the nodes.

mod described;
mod pairs;
mod published;
mod special;
mod terraform;
mod together;
mod values;

use crate::harness::World;
use serde_json::{Value, json};

async fn setting(world: &World, zone: &str, id: &str) -> Value {
    world.get(&format!("{zone}/settings/{id}")).await.ok()["value"].clone()
}

async fn set(world: &World, zone: &str, id: &str, value: impl Into<Value>) {
    let value: Value = value.into();
    world.patch(&format!("{zone}/settings/{id}"), json!({"value": value})).await.ok();
}

/// The message of a refused write.
async fn refused(world: &World, zone: &str, id: &str, value: impl Into<Value>) -> String {
    let value: Value = value.into();
    let answer = world.patch(&format!("{zone}/settings/{id}"), json!({"value": value})).await;
    assert_eq!(answer.refused(), (400, 1007), "{id} {value}: {}", answer.body);
    answer.message().to_owned()
}
