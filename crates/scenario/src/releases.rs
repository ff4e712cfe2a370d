//! Releases of the kernel, and from which to which a text stands.

use std::fmt;
use std::str::FromStr;

/// A release: version, patch level, and what comes behind it (of 2.6 only), as `v2.6.32` or `v6.12`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Release(pub [u32; 3]);

impl FromStr for Release {
    type Err = NoReleases;

    fn from_str(text: &str) -> Result<Release, NoReleases> {
        let wrong = || NoReleases(text.to_owned());
        let digits = text.strip_prefix('v').ok_or_else(wrong)?;
        let numbers: Result<Vec<u32>, _> = digits.split('.').map(str::parse).collect();
        match numbers.map_err(|_| wrong())?[..] {
            [2, patch, sub] => Ok(Release([2, patch, sub])),
            [version, patch] if version != 2 => Ok(Release([version, patch, 0])),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [2, patch, sub] => write!(f, "v2.{patch}.{sub}"),
            [version, patch, _] => write!(f, "v{version}.{patch}"),
        }
    }
}

/// The releases in which a text stands: `v3.10 .. v4.6`, `v6.13` of one alone, `v6.18 ..` where it stands today.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Releases {
    /// The first.
    pub from: Release,
    /// The last; none where it is in the newest that is known.
    pub until: Option<Release>,
}

impl Releases {
    /// Whether a release is one of them.
    #[must_use]
    pub fn has(&self, release: Release) -> bool {
        self.from <= release && self.until.is_none_or(|until| release <= until)
    }
}

impl FromStr for Releases {
    type Err = NoReleases;

    fn from_str(text: &str) -> Result<Releases, NoReleases> {
        let (from, until) = match text.split_once(" ..") {
            None => {
                let only = text.parse()?;
                (only, Some(only))
            }
            Some((from, "")) => (from.parse()?, None),
            Some((from, until)) => (from.parse()?, Some(until.trim_start().parse()?)),
        };
        match until {
            Some(until) if until < from => Err(NoReleases(text.to_owned())),
            _ => Ok(Releases { from, until }),
        }
    }
}

impl fmt::Display for Releases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            None => write!(f, "{} ..", self.from),
            Some(until) if until == self.from => write!(f, "{until}"),
            Some(until) => write!(f, "{} .. {until}", self.from),
        }
    }
}

/// A text that names no releases.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}`: releases are written as v6.12, v3.10 .. v4.6 or v6.18 ..")]
pub struct NoReleases(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_is_written() {
        for text in ["v2.6.32", "v6.12", "v2.6.35 .. v3.9", "v6.18 ..", "v5.19 .. v6.0"] {
            assert_eq!(text.parse::<Releases>().expect("releases").to_string(), text);
        }
        for text in ["", "6.12", "v6", "v6.12.1", "v2.6", "v6.12 .. v6.11", "v6.12 ..v", "v6.x"] {
            assert!(text.parse::<Releases>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_release_is_in_between() {
        let releases: Releases = "v2.6.35 .. v5.13".parse().expect("releases");
        let has = |text: &str| releases.has(text.parse().expect("a release"));
        assert!(has("v2.6.35") && has("v3.0") && has("v4.20") && has("v5.13"));
        assert!(!has("v2.6.34") && !has("v5.14") && !has("v6.0"));
    }
}
