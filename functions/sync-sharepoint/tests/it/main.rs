//! The function on a real database, against the stand-in for Entra, Graph and SharePoint.

mod circle;
mod cycles;
mod faults;
mod mistakes;
mod planning;
mod requests;
mod rig;
