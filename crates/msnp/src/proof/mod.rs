//! The ways to prove who, or what, you are: one file per way.

pub mod challenge;
pub mod sso;
pub mod tweener;
