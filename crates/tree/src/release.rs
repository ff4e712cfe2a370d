//! Which kernel a tree is.

use std::cmp::Ordering;
use std::fmt;

use c_text::Sources;

use crate::Error;

/// A kernel's release. Its order is that of time: `7.0-rc3`, `7.0-rc10`, `7.0`, `7.0.1`.
///
/// ```
/// let release = |version, patchlevel, sublevel, extra: &str| {
///     tree::Release { version, patchlevel, sublevel, extra: extra.to_owned() }
/// };
/// assert_eq!(release(6, 12, 117, "").to_string(), "6.12.117");
/// assert_eq!(release(7, 0, 0, "-rc3").to_string(), "7.0-rc3");
/// assert!(release(7, 0, 0, "-rc3") < release(7, 0, 0, "-rc10"));
/// assert!(release(7, 0, 0, "-rc10") < release(7, 0, 0, ""));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Release {
    /// `VERSION`.
    pub version: u32,
    /// `PATCHLEVEL`.
    pub patchlevel: u32,
    /// `SUBLEVEL`: 0 in mainline, which leaves it out of the name.
    pub sublevel: u32,
    /// `EXTRAVERSION`: empty, or such as `-rc3`.
    pub extra: String,
}

/// A file that every kernel has, and no other project whose `Makefile` begins in the same way.
const EVIDENCE: &str = "mm/filemap.c";

impl Release {
    /// What the `Makefile` at the top of a tree says.
    pub(crate) fn of(tree: &str, sources: &dyn Sources) -> Result<Release, Error> {
        let no_kernel = |why: String| Error::NotKernel { tree: tree.to_owned(), why };
        let read = |file| sources.read(file).map_err(|why| Error::Read { tree: tree.to_owned(), why });
        let makefile = read("Makefile")?.ok_or_else(|| no_kernel("it has no Makefile".into()))?;
        let makefile = c_text::text("Makefile", &makefile);
        let makefile = makefile.map_err(|why| Error::Read { tree: tree.to_owned(), why })?;
        let release = Release::parse(makefile).map_err(no_kernel)?;
        match read(EVIDENCE)? {
            Some(_) => Ok(release),
            None => Err(no_kernel(format!("it has no {EVIDENCE}"))),
        }
    }

    /// Its first four assignments, in the order that they have had since 2.6.
    fn parse(makefile: &str) -> Result<Release, String> {
        let mut lines =
            makefile.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        let mut value = |name: &str| -> Result<(&str, u32), String> {
            let (line, at) = lines.next().ok_or(format!("Makefile: it has no line `{name} = ..`"))?;
            let parts = line.split_once('=').map(|(left, right)| (left.trim(), right.trim()));
            match parts {
                Some((left, right)) if left == name => Ok((right, at)),
                _ => Err(format!("Makefile:{at}: `{name} = ..` should be here")),
            }
        };
        let mut number = |name: &str| {
            let (digits, at) = value(name)?;
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse().ok().filter(|_| plain);
            number.ok_or(format!("Makefile:{at}: {name} is {digits:?}, which is no number"))
        };
        let (version, patchlevel, sublevel) =
            (number("VERSION")?, number("PATCHLEVEL")?, number("SUBLEVEL")?);
        let (extra, at) = value("EXTRAVERSION")?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+_~".contains(&byte);
        if !extra.bytes().all(is_plain) {
            return Err(format!(
                "Makefile:{at}: EXTRAVERSION is {extra:?}, which is no part of a release's name"
            ));
        }
        Ok(Release { version, patchlevel, sublevel, extra: extra.to_owned() })
    }

    /// Which release candidate it is; what is none comes after all of them.
    fn candidate(&self) -> u32 {
        let number = self.extra.strip_prefix("-rc").map(|rest| {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..digits].parse().unwrap_or(u32::MAX)
        });
        number.unwrap_or(u32::MAX)
    }
}

impl Ord for Release {
    fn cmp(&self, other: &Release) -> Ordering {
        let key = |of: &Release| (of.version, of.patchlevel, of.sublevel, of.candidate());
        key(self).cmp(&key(other)).then_with(|| self.extra.cmp(&other.extra))
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Release) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Release { version, patchlevel, sublevel, extra } = self;
        write!(f, "{version}.{patchlevel}")?;
        if *sublevel != 0 {
            write!(f, ".{sublevel}")?;
        }
        f.write_str(extra)
    }
}
