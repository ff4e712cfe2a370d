static struct uffdio_range held;
static volatile int faults;

/* Waits for a fault in what is held, and answers it. */
static void *answer(void *fd)
{
	struct uffd_msg message;

	need(read(*(int *)fd, &message, sizeof message) == sizeof message, "a fault");
	faults++;
	@THEN@
	return NULL;
}
