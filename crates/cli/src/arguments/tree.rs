//! The arguments that name kernel trees.

use clap::Args;

/// A kernel tree whose own text is asked, instead of the models.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct TreeChoice {
    /// A kernel tree whose own text is asked, instead of the models: a folder, or a revision of its repository
    #[arg(long, value_name = "DIR[@REV]")]
    pub tree: Option<String>,
    /// Assumes what a function of the tree answers, for a try: 'f()=0'; may be given more than once
    #[arg(long, value_name = "F()=N", requires = "tree")]
    pub assume: Vec<String>,
}

impl TreeChoice {
    /// The same choice as arguments of a command line.
    #[must_use]
    pub fn to_arguments(&self) -> Vec<String> {
        let tree = self.tree.iter().map(|tree| format!("--tree={tree}"));
        tree.chain(self.assume.iter().map(|of| format!("--assume={of}"))).collect()
    }
}

/// Kernel trees to compare: two, or one and what patches make of it.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct TreesChoice {
    /// A kernel tree: a folder, or a revision of its repository; twice, or once with `--patch`
    #[arg(long, value_name = "DIR[@REV]")]
    pub tree: Vec<String>,
    /// A patch of the tree, as git or a mail has it, or `-` for standard input; may be given more than once, in order
    #[arg(long, value_name = "FILE", requires = "tree")]
    pub patch: Vec<String>,
    /// Takes the patches back, the last first
    #[arg(short = 'R', long, requires = "patch")]
    pub reverse: bool,
    /// Assumes what a function of the trees answers, for a try: 'f()=0'; may be given more than once
    #[arg(long, value_name = "F()=N", requires = "tree")]
    pub assume: Vec<String>,
}
