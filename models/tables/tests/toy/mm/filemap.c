// SPDX-License-Identifier: MIT OR Apache-2.0
/* The caller of a toy: copies first, and faults the source in where that came to nothing. */
#include <linux/types.h>
#include <linux/pagemap.h>

ssize_t generic_perform_write(struct kiocb *iocb, struct iov_iter *i)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	const struct address_space_operations *ops = mapping->a_ops;
	loff_t at = iocb->ki_pos;
	ssize_t total = 0;
	int error = 0;

	while (iov_iter_count(i)) {
		struct folio *folio;
		size_t in_page = offset_in_page(at);
		size_t want = min_t(size_t, PAGE_SIZE - in_page, iov_iter_count(i));
		size_t got;
		int taken;

		if (fatal_signal_pending(current)) {
			error = -EINTR;
			break;
		}
		error = ops->write_begin(iocb, mapping, at, want, &folio, NULL);
		if (error)
			break;
		got = copy_folio_from_iter_atomic(folio, in_page, want, i);
		taken = ops->write_end(iocb, mapping, at, want, got, folio, NULL);
		if (got != taken) {
			size_t back = got - max(taken, 0);

			iov_iter_revert(i, back);
		}
		if (taken < 0) {
			error = taken;
			break;
		}
		if (!taken && fault_in_iov_iter_readable(i, want) == want) {
			error = -EFAULT;
			break;
		}
		at += taken;
		total += taken;
	}
	return total ? total : error;
}
