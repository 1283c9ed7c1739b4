//! Loading of tenant profiles from disk.
