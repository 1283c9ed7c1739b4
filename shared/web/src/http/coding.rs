//! Content coding: whether a caller takes gzip (RFC 9110, section 12.5.3), and gzip itself.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

use super::quality::preferences;

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip.
    Gzip,
}

impl Coding {
    /// What the caller prefers of the two. Without `Accept-Encoding` nothing is compressed: such callers are
    /// scripts that would write the compressed bytes to a file.
    #[must_use]
    pub fn preferred(headers: &HeaderMap) -> Self {
        let wanted = preferences(headers, &ACCEPT_ENCODING);
        let weight = |names: &[&str]| wanted.iter().find(|(word, _)| names.contains(&word.as_str())).map(|(_, q)| *q);
        let any = weight(&["*"]);
        let gzip = weight(&["gzip", "x-gzip"]).or(any).unwrap_or(0);
        let identity = weight(&["identity"]).unwrap_or(0);
        if gzip > 0 && gzip >= identity { Self::Gzip } else { Self::Identity }
    }
}

/// Compresses at the fastest level: a list of licences shrinks to a tenth even so.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8 + 64), Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http::HeaderValue;

    use super::*;

    fn preferred(header: &str) -> Coding {
        Coding::preferred(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(header).unwrap())]))
    }

    #[test]
    fn gzip_is_used_when_the_caller_takes_it() {
        for header in
            ["gzip", "x-gzip", "GZIP", "br, gzip;q=0.1", "*", "deflate, *;q=0.2", "gzip, identity", "gzip;q=1.0"]
        {
            assert_eq!(preferred(header), Coding::Gzip, "{header}");
        }
    }

    #[test]
    fn gzip_is_not_forced_on_a_caller() {
        for header in
            ["", "identity", "br", "gzip;q=0", "*, gzip;q=0", "identity;q=1, gzip;q=0.5", "gzipped", "gzip;q=x"]
        {
            assert_eq!(preferred(header), Coding::Identity, "{header}");
        }
        assert_eq!(Coding::preferred(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn what_is_compressed_can_be_read_again() {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&gzip("Grüezi".as_bytes())[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "Grüezi");
    }
}
