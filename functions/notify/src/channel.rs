//! What every channel has in common: it takes a text, or says why not.

use leitwarte_core::message::words::Text;

use crate::secret::SecretError;

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The words.
    pub text: Text,
    /// The mark, the same whenever the same is sent again.
    pub mark: String,
}

/// A channel did not take a message. The text is for a technician and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It was certainly not sent.
    #[error("{0}")]
    NotSent(String),
    /// Nobody knows: the answer was lost.
    #[error("{0}; it may have arrived all the same")]
    Unknown(String),
    /// A file of the channel cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl SendError {
    /// Whether it may have been sent.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}
