//! The challenge: a client proves that it knows the key of its product (wire-msnp13, 6).
//!
//! `CHL 0 challenge` is answered by `QRY TrID product-id 32` and the response; the same response is
//! the lock key of the offline message service.

/// A client product, as its maker named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// Sent raw, never percent-decoded, though it may hold `%`.
    pub id: &'static str,
    /// What the client proves to know.
    pub key: &'static str,
}

/// Every product known, of MSNP11 and later.
pub const PRODUCTS: [Product; 9] = [Product { id: "", key: "" }; 9];

impl Product {
    /// Windows Live Messenger 8.0 over MSNP13.
    pub const WLM_8_0: Self = Self { id: "", key: "" };

    /// The product with this id. A client may answer with any, whatever its version.
    pub fn find(id: &str) -> Option<Self> {
        todo!("{id}")
    }

    /// The answer to a challenge: 32 lower-case hexadecimal digits.
    pub fn response(self, challenge: &str) -> String {
        todo!("{challenge}")
    }

    /// Whether `response` is the answer to a challenge, in a time that does not tell how wrong it is.
    pub fn verify(self, challenge: &str, response: &[u8]) -> bool {
        todo!("{challenge} {response:?}")
    }
}
