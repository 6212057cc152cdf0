//! The challenge: a client proves that it knows the key of its product (wire-msnp13, 6).
//!
//! `CHL 0 challenge` is answered by `QRY TrID product-id 32` and the response; the same response is
//! the lock key of the offline message service.
//!
//! ```text
//!   d0 d1 d2 d3   MD5(challenge + key), little-endian words     k = d without the top bits
//!   a0 a1 a2 ...  challenge + id, filled up with "0" to a multiple of 8 bytes, as words
//!   hi, lo        mixed from a and k, modulo 2^31 - 1
//!   response      d0 ^ hi, d1 ^ lo, d2 ^ hi, d3 ^ lo            d, not k
//! ```

use std::fmt::Write;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// A client product, as its maker named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// Sent raw, never percent-decoded, though it may hold `%`.
    pub id: &'static str,
    /// What the client proves to know.
    pub key: &'static str,
}

impl Product {
    /// Windows Live Messenger 8.0 over MSNP13.
    pub const WLM_8_0: Self = Self {
        id: "PROD01065C%ZFN6F",
        key: "O4BG@C7BWLYQX?5G",
    };

    /// The product with this id. A client may answer with any, whatever its version.
    pub fn find(id: &str) -> Option<Self> {
        PRODUCTS.into_iter().find(|product| product.id == id)
    }

    /// The answer to a challenge: 32 lower-case hexadecimal digits.
    ///
    /// Sources agree on it when the challenge and the id are together no multiple of 8 bytes long;
    /// they are 36 with the 20 digits that this service sends.
    pub fn response(self, challenge: &str) -> String {
        let digest: [u8; 16] = Md5::new()
            .chain_update(challenge)
            .chain_update(self.key)
            .finalize()
            .into();
        let words = [0, 4, 8, 12].map(|at| word(&digest[at..]));
        let [hi, lo] = self.mix(challenge, words.map(|word| u64::from(word & TOP_BIT_OFF)));
        // The words are taken whole again: without their top bits, one answer in sixteen is right.
        let mixed = [words[0] ^ hi, words[1] ^ lo, words[2] ^ hi, words[3] ^ lo];
        hex(mixed.map(u32::to_le_bytes).as_flattened())
    }

    /// Whether `response` is the answer to a challenge, in a time that does not tell how wrong it is.
    pub fn verify(self, challenge: &str, response: &[u8]) -> bool {
        self.response(challenge).as_bytes().ct_eq(response).into()
    }

    /// The answer of MSNP6 to MSNP10: MD5 of challenge and key, as 32 lower-case digits.
    pub fn early_response(self, challenge: &str) -> String {
        let digest = Md5::new().chain_update(challenge).chain_update(self.key);
        hex(&digest.finalize())
    }

    fn mix(self, challenge: &str, keys: [u64; 4]) -> [u32; 2] {
        let mut text = [challenge, self.id].concat().into_bytes();
        text.resize(text.len().next_multiple_of(8), b'0');
        let (mut hi, mut lo) = (0, 0);
        for pair in text.chunks_exact(8) {
            let (first, second) = (u64::from(word(pair)), u64::from(word(&pair[4..])));
            let mut step = FACTOR * first % MODULUS;
            step = (keys[0] * (step + hi) + keys[1]) % MODULUS;
            hi = (keys[2] * ((second + step) % MODULUS) + keys[3]) % MODULUS;
            lo += hi + step;
        }
        // Both are below 2^31 now.
        [(hi + keys[1]) % MODULUS, (lo + keys[3]) % MODULUS].map(|half| half as u32)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = String::with_capacity(2 * bytes.len());
    bytes.iter().fold(digits, |mut digits, byte| {
        // Writing into a growing string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The first four bytes as a little-endian word.
fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .rev()
        .fold(0, |word, &byte| word << 8 | u32::from(byte))
}

const TOP_BIT_OFF: u32 = 0x7fff_ffff;
const MODULUS: u64 = 0x7fff_ffff;
const FACTOR: u64 = 0x0e79_a9c1;

/// Every product known that answers in this way (MSNP11 and later).
pub const PRODUCTS: [Product; 9] = [
    // MSN Messenger 7.0 and 7.5.
    Product {
        id: "PROD0090YUAUV{2B",
        key: "YMM8C_H7KCQ2S_KL",
    },
    // MSN Messenger 7.0 and 7.5.
    Product {
        id: "PROD0101{0RM?UBW",
        key: "CFHUR$52U_{VIX5T",
    },
    Product::WLM_8_0,
    // Windows Live Messenger 8.0 over MSNP14.
    Product {
        id: "PROD0112J1LW7%NB",
        key: "RH96F{PHI8PPX_TJ",
    },
    // Windows Live Messenger 8.1, beta.
    Product {
        id: "PROD0113H11T8$X_",
        key: "RG@XY*28Q5QHS%Q5",
    },
    // Windows Live Messenger 8.1.
    Product {
        id: "PROD0114ES4Z%Q5W",
        key: "PK}_A_0N_K%O?A9S",
    },
    // Windows Live Messenger 8.5, beta.
    Product {
        id: "PROD0118R6%2WYOS",
        key: "YIXPX@5I2P0UT*LK",
    },
    // Windows Live Messenger 8.5.
    Product {
        id: "PROD0119GSJUC$18",
        key: "ILTXC!4IXB5FB*PX",
    },
    // Windows Live Messenger 2009.
    Product {
        id: "PROD0120PW!CCV9@",
        key: "C1BX{V4W}Q3*10SM",
    },
];

/// The products of clients from MSNP6 to MSNP10, which answer in the early form.
pub const EARLY_PRODUCTS: [Product; 6] = [
    Product {
        id: "msmsgs@msnmsgr.com",
        key: "Q1P7W2E4J9R8U3S5",
    },
    Product {
        id: "PROD0038W!61ZTF9",
        key: "VT6PX?UQTM4WM%YR",
    },
    Product {
        id: "PROD0058#7IL2{QD",
        key: "QHDCY@7R1TB6W?5B",
    },
    Product {
        id: "PROD0061VRRZH@4F",
        key: "JXQ6J@TUOGYV@N0M",
    },
    Product {
        id: "PROD00504RLUG%WL",
        key: "I2EBK%PYNLZL5_J4",
    },
    Product {
        id: "PROD0076ENE8*@AW",
        key: "CEQJ8}OE0!WTSWII",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        for (id, challenge, response) in [
            (
                "PROD01065C%ZFN6F",
                "15570131571988941333",
                "47d2b1e24f85947bdd29b3bfe29f027b",
            ),
            (
                "PROD01065C%ZFN6F",
                "93662730714769834295",
                "1fd1345b59d9e2c1af131e00b51ddb96",
            ),
            (
                "PROD01065C%ZFN6F",
                "13038318816579321232",
                "f52409e13833d91f66af73abfced22bf",
            ),
            (
                "PROD01065C%ZFN6F",
                "23055170411503520698",
                "780ee59b51acfd094658a55181fed7ca",
            ),
            (
                "PROD0101{0RM?UBW",
                "13038318816579321232",
                "5f6ae998b8fa70c37b62980f71a0e736",
            ),
            (
                "PROD0101{0RM?UBW",
                "23055170411503520698",
                "934ab429609709f4fe70e5fa930993c2",
            ),
            (
                "PROD0101{0RM?UBW",
                "37819769320541083311",
                "40575bf9740af7cad8671211e417d0cb",
            ),
            (
                "PROD0101{0RM?UBW",
                "93662730714769834295",
                "003ed1b1be3ca0d81f83a587ebbe3675",
            ),
        ] {
            let product = Product::find(id).unwrap();
            assert_eq!(product.response(challenge), response, "{id} {challenge}");
            assert!(product.verify(challenge, response.as_bytes()));
        }
    }

    #[test]
    fn every_product_answers_two_challenges() {
        let vectors = [
            (
                "PROD0090YUAUV{2B",
                "d8d8cb2c2043a603d8286a3343143ee1",
                "85ecb0db8f32113df79ce0892b9a102c",
            ),
            (
                "PROD0101{0RM?UBW",
                "a2bcaf5dec2e7407282d443a8e38abd8",
                "64812169fe9717715f03c678fa4ab938",
            ),
            (
                "PROD01065C%ZFN6F",
                "47d2b1e24f85947bdd29b3bfe29f027b",
                "5a7ca864d9edaedfd464bbbd8e1a7c1c",
            ),
            (
                "PROD0112J1LW7%NB",
                "1d5fd67d532cb419094072a2e4e6e645",
                "82b096fe53bbc00f9c8436a2fbc48f0d",
            ),
            (
                "PROD0113H11T8$X_",
                "b405d6f237c67d32bc4661ce5105d267",
                "52e41a335075c63e132d6f3a497fd82b",
            ),
            (
                "PROD0114ES4Z%Q5W",
                "ae79936594a1918def84ea4997163d6c",
                "e790b908276bb51115fa7eb3c8a36315",
            ),
            (
                "PROD0118R6%2WYOS",
                "e00ce87d7db6b0c57bd39fbdcb22598a",
                "8c24d791ee3a1064557c99fcf95fde72",
            ),
            (
                "PROD0119GSJUC$18",
                "521fdf1c2586c53b01b2b2653dc9085f",
                "a400af809ac86fbdf6deec7286fc06b8",
            ),
            (
                "PROD0120PW!CCV9@",
                "9cb1df88322e338f23c67780a2ff14e1",
                "6e92a312bf6b70ee58e75a1e3315695c",
            ),
        ];
        for ((id, first, second), product) in vectors.into_iter().zip(PRODUCTS) {
            assert_eq!(product.id, id);
            assert_eq!(product.response("15570131571988941333"), first, "{id}");
            assert_eq!(product.response("22210219642164014968"), second, "{id}");
        }
    }

    #[test]
    fn intermediate_values_of_the_first_vector() {
        let keys = [0x1063_34a6, 0x7fcf_5d18, 0x4d61_cf3c, 0x7f59_47b5];
        let mixed = Product::WLM_8_0.mix("15570131571988941333", keys);
        assert_eq!(mixed, [0x72d2_e6e1, 0x045b_d857]);
    }

    #[test]
    fn words_that_lost_their_top_bits_are_no_answer() {
        let masked = b"47d2b1624f85947bdd29b33fe29f027b";
        assert!(!Product::WLM_8_0.verify("15570131571988941333", masked));
    }

    #[test]
    fn the_early_form() {
        let [msmsgs, prod0038, ..] = EARLY_PRODUCTS;
        for (product, challenge, response) in [
            (
                prod0038,
                "15570131571988941333",
                "ca90e6a7c94a14aae7b3ae0f6018433e",
            ),
            (
                msmsgs,
                "15570131571988941333",
                "8f2f5a91b72102cd28355e9fc9000d6e",
            ),
            (
                msmsgs,
                "12345678901234567890",
                "8ba1bb9d6dbf624fee31a2053af5fdd0",
            ),
        ] {
            assert_eq!(
                product.early_response(challenge),
                response,
                "{}",
                product.id
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let right = b"47d2b1e24f85947bdd29b3bfe29f027b";
        let verify = |response: &[u8]| Product::WLM_8_0.verify("15570131571988941333", response);
        assert!(verify(right));
        assert!(!verify(&right.to_ascii_uppercase()));
        assert!(!verify(&right[..31]));
        assert!(!verify(&[&right[..], b"0"].concat()));
        assert!(!verify(b"00000000000000000000000000000000"));
        assert!(!verify(b""));
        assert_eq!(Product::find("PROD0090"), None);
        assert_eq!(Product::find(""), None);
    }
}
