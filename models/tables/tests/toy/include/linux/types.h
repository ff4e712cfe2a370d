/* Types of a toy: enough for a file system in memory. */
typedef long long loff_t;
typedef long ssize_t;
typedef unsigned long size_t;

#define EFAULT 14
#define EINTR 4
