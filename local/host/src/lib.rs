//! What the programs of the on-premises Lambda host share: emulator, gateway, timer and `leitwarte up`.
//!
//! It knows Lambda and processes, never licences.

pub mod clock;
pub mod env;
pub mod health;
pub mod invoke;
pub mod limits;
pub mod logging;
pub mod process;
pub mod shutdown;
