/* What a toy declares of the page cache, so that arguments are known by name. */
struct folio *__filemap_get_folio(struct address_space *mapping, unsigned long index, unsigned flags);
void folio_unlock(struct folio *folio);
void folio_put(struct folio *folio);
size_t copy_folio_from_iter_atomic(struct folio *folio, size_t offset, size_t bytes, struct iov_iter *i);
size_t fault_in_iov_iter_readable(const struct iov_iter *i, size_t bytes);
void iov_iter_revert(struct iov_iter *i, size_t bytes);
size_t iov_iter_count(const struct iov_iter *i);
