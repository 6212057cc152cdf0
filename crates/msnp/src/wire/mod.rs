//! What travels: lines, the versions of the protocol, and typed commands.

pub mod command;
pub mod escape;
pub mod line;
pub mod param;
pub mod version;
pub(crate) mod xml;
