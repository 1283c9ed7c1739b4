//! What can be wrong with a template.

use std::path::PathBuf;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Which file the cause is about.
    #[error("cannot use the template {}", path.display())]
    File {
        /// The template file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<TemplateError>,
    },
    /// The file cannot be read.
    #[error("cannot read the file")]
    Read(#[source] std::io::Error),
    /// The text is not YAML, or a key stands twice in one mapping.
    #[error("not valid YAML")]
    Syntax(#[source] serde_norway::Error),
    /// A property is missing, of the wrong kind, or asks for something this host does not do.
    #[error("{}{property}: {message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Invalid {
        /// Line of the property, counted from 1; of its nearest written ancestor when the property is missing.
        line: Option<usize>,
        /// Dotted path, for example `Resources.PollTenant.Properties.Timeout`.
        property: String,
        /// What is wrong and what is expected.
        message: String,
    },
}

/// A finding at a place in the document; becomes [`TemplateError::Invalid`] once the line is looked up.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
}
