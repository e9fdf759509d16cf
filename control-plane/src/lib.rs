//! The control plane: REST in, Postgres under, stream out.
//!
//! In reading order: [`config`] says what can be chosen, [`serve`] composes everything, [`api`] is what callers see and [`db`]
//! what is kept. Every change of published state is a [`db::change::Change`].

mod admin;
pub mod api;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod db;
pub mod listen;
pub mod publish;
pub mod random;
pub mod reconcile;
pub mod secrets;
pub mod serve;
pub mod settings;
mod whole;
