// SPDX-License-Identifier: MIT OR Apache-2.0
/* A toy's file system in memory. */
#include <linux/pagemap.h>

static int toy_begin(const struct kiocb *iocb, struct address_space *mapping,
		     loff_t pos, unsigned len, struct folio **foliop, void **fsdata)
{
	struct folio *folio = __filemap_get_folio(mapping, pos >> PAGE_SHIFT, 0);

	if (IS_ERR(folio))
		return PTR_ERR(folio);
	if (!folio_test_uptodate(folio) && len != folio_size(folio)) {
		size_t from = offset_in_folio(folio, pos);

		folio_zero_segments(folio, 0, from, from + len, folio_size(folio));
	}
	*foliop = folio;
	return 0;
}

static int toy_end(const struct kiocb *iocb, struct address_space *mapping,
		   loff_t pos, unsigned len, unsigned copied, struct folio *folio, void *fsdata)
{
	struct inode *inode = folio->mapping->host;

	if (!folio_test_uptodate(folio)) {
		if (copied < len)
			folio_zero_range(folio, offset_in_folio(folio, pos) + copied, len - copied);
		folio_mark_uptodate(folio);
	}
	if (pos + copied > inode->i_size)
		i_size_write(inode, pos + copied);
	folio_mark_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
	return copied;
}

const struct address_space_operations ram_aops = {
	.read_folio	= toy_read,
	.write_begin	= toy_begin,
	.write_end	= toy_end,
};
