//! What is no test.

/// What is wrong with a test's line.
#[derive(Debug, thiserror::Error)]
#[error("a test is told as `unit=1024 block=2048 size=4 blocks=MM page=absent source=absent write=1+2`: {0}")]
pub struct NoTest(String);

impl NoTest {
    pub(crate) fn new(why: String) -> NoTest {
        NoTest(why)
    }
}
