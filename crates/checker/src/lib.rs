//! The engines.
pub mod explicit;
pub mod stepper;
