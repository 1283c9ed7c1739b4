//! Answers and what HTTP says about them: conditional requests, content coding, languages.

mod answer;
mod coding;
mod cookie;
mod etag;
mod if_match;
mod language;
mod quality;

pub use answer::{Answer, Body, PAYLOAD_LIMIT_BYTES};
pub use coding::{Coding, gzip};
pub use cookie::CookieName;
pub use etag::ETag;
pub use if_match::{if_match, version_tag};
pub use language::{Language, preferred_language};
