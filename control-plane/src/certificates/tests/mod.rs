//! The pure part, by certificates made here.

mod authorities;
mod damage;
mod keys;
mod made;
mod requests;
mod roots;
mod uploads;
