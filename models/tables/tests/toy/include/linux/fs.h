/* What a toy declares of inodes. */
void i_size_write(struct inode *inode, loff_t i_size);
