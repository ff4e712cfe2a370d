/* Nothing: the operations are in fs/libfs.c. */
