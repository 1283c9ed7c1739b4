//! How a function says that an invocation failed.

use std::error::Error;
use std::fmt;

use leitwarte_store::StoreError;

/// A failed invocation, as the caller sees it: AWS's `errorType` and `errorMessage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    kind: &'static str,
    message: String,
}

impl FunctionError {
    /// `kind` is a stable word such as `UnknownTenant`; `message` says what is wrong and what to do.
    #[must_use]
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The same with the words of an error and of everything that caused it.
    #[must_use]
    pub fn caused_by(kind: &'static str, error: &(dyn Error + 'static)) -> Self {
        let causes = std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string);
        Self { kind, message: causes.collect::<Vec<_>>().join(": ") }
    }

    /// The stable word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for FunctionError {}

impl From<StoreError> for FunctionError {
    fn from(error: StoreError) -> Self {
        Self::caused_by("StoreFailed", &error)
    }
}

impl From<FunctionError> for lambda_runtime::Diagnostic {
    fn from(error: FunctionError) -> Self {
        Self { error_type: error.kind.to_owned(), error_message: error.message }
    }
}
