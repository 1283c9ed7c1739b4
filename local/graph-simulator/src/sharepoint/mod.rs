//! SharePoint sites with lists: what lies in them, what a person does in the browser, and the flows that watch them.
//! How they look over Graph is [`crate::graph::sites`]'s subject.

pub(crate) mod column;
pub(crate) mod config;
pub(crate) mod flows;
mod licence_lists;
pub(crate) mod list;
pub(crate) mod site;
mod visit;

pub use column::{ColumnConfig, ColumnKind};
pub use config::{ListConfig, SiteConfig, SiteRole};
pub use flows::{FlowMessage, Notice};
pub use licence_lists::{LICENCE_LIST, PARAMETER_LIST, TENANT_LIST};
pub use list::{ChangeError, Row};
pub use site::ListAccess;
pub use visit::SiteVisit;
