//! The three SharePoint lists through which the licence status reaches Power Automate.
//!
//! [`profile`] says where they are, [`columns`] how their columns are called inside, [`rows`] what is in them, and
//! [`plan`] what has to be written so that they say what the polls found. [`definition`] says how they are made,
//! [`provision`] what of that is missing in a site.

pub mod columns;
pub mod definition;
pub mod plan;
pub mod profile;
pub mod provision;
pub mod rows;

#[cfg(test)]
mod tests;
