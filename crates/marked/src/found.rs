//! The branches and reasons that the build script found.

use scenario::{Branch, Reason, Way};

include!(concat!(env!("OUT_DIR"), "/branches.rs"));
