//! The pages in a real Chromium, against the demo: what a technician does all day, what a screen reader needs, what a
//! phone shows. Nothing may come from another host, and no page may break its content security policy.

mod accessibility;
mod journey;
mod phone;
mod roles;
