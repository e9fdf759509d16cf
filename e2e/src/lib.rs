//! Both planes, real origins and real visitors, in the words of the product.

pub mod authority;
pub mod chaos;
pub mod control_plane;
pub mod edge;
pub mod eventually;
pub mod node;
pub mod origins;
pub mod replicas;
pub mod rest;
pub mod scratch;
pub mod visitor;
pub mod zone;

/// Sixteen random hexadecimal digits, for names that no other test has.
pub fn random_name() -> String {
    let mut bytes = [0; 8];
    // Without randomness the names collide and the tests that use them say so.
    let _ = getrandom::fill(&mut bytes);
    hex::encode(bytes)
}
