//! The names that conditions of the preprocessor ask for.

use std::collections::BTreeMap;

/// How a tree is configured: which names are defined, and as what. A name that is not here is taken as not
/// defined, and [`File::asked`](crate::File::asked) lists it.
///
/// ```
/// let config = c_text::Config::new().on("CONFIG_MMU").off("CONFIG_NUMA").number("BITS_PER_LONG", 64);
/// assert_eq!(config.get("CONFIG_MMU"), Some(Some(1)));
/// assert_eq!(config.get("CONFIG_NUMA"), Some(None));
/// assert_eq!(config.get("CONFIG_SMP"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Config {
    names: BTreeMap<String, Option<i64>>,
}

impl Config {
    /// A configuration that knows nothing.
    #[must_use]
    pub fn new() -> Config {
        Config::default()
    }

    /// `name` is defined as 1.
    #[must_use]
    pub fn on(self, name: &str) -> Config {
        self.number(name, 1)
    }

    /// `name` is known not to be defined.
    #[must_use]
    pub fn off(mut self, name: &str) -> Config {
        self.names.insert(name.to_owned(), None);
        self
    }

    /// `name` is defined as `value`.
    #[must_use]
    pub fn number(mut self, name: &str, value: i64) -> Config {
        self.names.insert(name.to_owned(), Some(value));
        self
    }

    /// What is known of a name: nothing, that it is not defined, or its value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<i64>> {
        self.names.get(name).copied()
    }

    /// Whether `IS_ENABLED(name)`: built in or a module; nothing where neither is known.
    #[must_use]
    pub fn is_enabled(&self, name: &str) -> Option<bool> {
        let module = self.get(&format!("{name}_MODULE"));
        match (self.get(name), module) {
            (Some(Some(value)), _) if value != 0 => Some(true),
            (_, Some(Some(value))) if value != 0 => Some(true),
            (None, None) => None,
            _ => Some(false),
        }
    }
}
