//! Presence: a session's own state, and what is shown of others (wire-msnp13, 4 "BLP" and 5).

mod others;
mod own;

pub use others::{Fln, Iln, Nln, Shown, Ubx};
pub use own::{Blp, Chg, ChgStatus, OtherProperty, Property, Prp, Uux};
