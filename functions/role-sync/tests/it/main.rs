//! The function with a real database and the stand-in for Entra and Graph over HTTP.

mod changing;
mod comparing;
mod refusals;
mod rig;
mod standing_still;
