//! File systems that keep a file's data elsewhere than in blocks which the page cache knows: with a host, or beside
//! the inode. They stand on the model of FUSE, which writes through, for its server and its readers; where pages become dirty, on
//! that of NFS, and what is done to pages is the text's as well.

pub(crate) mod ecryptfs;
pub(crate) mod hostfs;
pub(crate) mod orangefs;
pub(crate) mod ubifs;
pub(crate) mod udf_in_icb;
pub(crate) mod vboxsf;

use models::generic::server;
use page_state::Folio;

use crate::front_end::{Data, Here, Nothing, Table, words};

/// Pages that the kernel maps for itself.
const KMAP: Table = Table {
    words: words! { w;
        kmap_local_folio(folio: Folio, offset: usize) -> Data => Data { folio, unit: offset };
        kmap_local_page | kmap (page: Folio) -> Data => Data { folio: page, unit: 0 };
    },
    nothing: &[Nothing { reason: "a mapping of the kernel's own", names: "kunmap_local kunmap" }],
    ..Table::new("models/tables/server_based/mod.rs")
};

/// Sends so many units.
fn send(w: &Here<'_, '_>, data: Data, count: usize) {
    server::write(&w.k, data.folio, data.unit, data.unit + count);
}
