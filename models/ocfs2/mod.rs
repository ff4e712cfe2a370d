//! ocfs2 (`fs/ocfs2/`), on one node.
//!
//! A cluster is a page, of several blocks: what is allocated is a whole page. `ip_alloc_sem` is held by whoever
//! changes the map; that readers try it is modelled for inline data only: elsewhere what they look at changes with the
//! page locked, or after the size has fallen and the page has left the page cache.
//!
//! Left out: cluster locks and other nodes, unwritten extents, reflinks, file systems without holes, direct I/O, the
//! tree as a structure (the map is a field of the inode), quotas, the truncate log, `j_trans_barrier`.

mod cluster;
mod inline;
mod locks;
mod map;
mod nolock;
mod truncate;
mod variants;
mod writeback;

pub(crate) use variants::{bugs, paths};
