//! Tests of the template, by subject.

mod shipped_template;
mod template;
