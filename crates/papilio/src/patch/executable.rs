//! As much of the format of Windows' executables as tells one from other files (PE32 and PE32+).

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Executable {
    /// There is a certificate table: a publisher has signed it.
    pub(super) is_signed: bool,
}

/// Reads the head of an executable. `None`: it is none.
pub(super) fn read(image: &[u8]) -> Option<Executable> {
    image.strip_prefix(b"MZ")?;
    let header = number(image, 0x3c)?;
    let rest = image.get(header..)?.strip_prefix(b"PE\0\0")?;
    // Behind the 20 bytes of the file header.
    let optional = rest.get(20..)?;
    let directories = match optional.get(..2)? {
        [0x0b, 0x01] => 96,
        [0x0b, 0x02] => 112,
        _ => return None,
    };
    let count = number(optional, directories - 4)?;
    let size = number(optional, directories + 8 * SECURITY + 4);
    Some(Executable {
        is_signed: count > SECURITY && size.is_some_and(|size| size != 0),
    })
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// The place of the certificate table among the data directories.
const SECURITY: usize = 4;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Something like an executable, unsigned, with this in it.
    pub(crate) fn executable(body: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 0x200];
        image[..2].copy_from_slice(b"MZ");
        image[0x3c] = 0x80;
        image[0x80..0x84].copy_from_slice(b"PE\0\0");
        image[0x98..0x9a].copy_from_slice(&[0x0b, 0x01]);
        image[0x98 + 92] = 16;
        image.extend(body);
        image
    }

    #[test]
    fn heads() {
        let mut image = executable(b"");
        assert_eq!(read(&image), Some(Executable { is_signed: false }));
        image[0x98 + 96 + 8 * 4 + 4] = 8;
        assert_eq!(read(&image), Some(Executable { is_signed: true }));
        image[0x98 + 1] = 0x02;
        image[0x98 + 108] = 4;
        assert_eq!(read(&image), Some(Executable { is_signed: false }));
        for length in 0..0x98 + 96 {
            assert_eq!(read(&image[..length]), None, "{length}");
        }
        image[0x3c..0x40].fill(0xff);
        assert_eq!(read(&image), None);
    }
}
